"""Every component reads its arguments strictly, and its messages say which component is meant."""

from collections.abc import Callable
from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.components import Program, aws_access, cluster_trust, shared_service, workload
from tests.infra.engine import Later, World, run
from tests.infra.messages import assert_all_in

Component = Callable[..., Program]


def delays(value: Any) -> Any:
    """The value as the program knows it."""
    return value


def refusal(program: Program) -> pytest.ExceptionInfo[InvalidArgument]:
    """The error of a program that made no pods."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(program, world)
    assert world.of("kubernetes:apps/v1:Deployment") == []
    return error


@pytest.mark.parametrize(
    ("component", "argument", "meant"),
    [
        (aws_access, "permission_boundary", "permissions_boundary"),
        (aws_access, "policy_arn", "policy_arns"),
        (aws_access, "roleName", "role_name"),
        (cluster_trust, "existing_provider", "existing_provider_arn"),
        (workload, "replica", "replicas"),
        (shared_service, "caller_namespace", "caller_namespaces"),
    ],
)
def test_an_unknown_argument_stops_the_program(component: Component, argument: str, meant: str) -> None:
    """A misspelled one would be ignored: a role without its boundary, a policy that is not attached."""
    assert_all_in([f"{argument} is unknown", f"did you mean {meant}?"], refusal(component(**{argument: "x"})))


def test_an_unknown_argument_unlike_any_other_is_answered_with_those_there_are() -> None:
    """Without a near match the message lists all."""
    assert_all_in(["zzz is unknown: expected one of existing_provider_arn, issuer"], refusal(cluster_trust(zzz="x")))


def test_unknown_keys_of_nested_arguments_are_refused_too() -> None:
    """The mappings `backend` and `access` are read as strictly."""
    backend = {"vault": {"address": "https://vault.example:8200", "role_name": "blue-{namespace}", "adress": "x"}}
    said = ["backend: vault", "adress is unknown", "did you mean address?"]
    assert_all_in(said, refusal(shared_service(backend=backend)))
    assert_all_in(["backend: awz is unknown"], refusal(shared_service(backend={"awz": {}})))
    assert_all_in(["access", "volume is unknown", "did you mean volumes?"], refusal(workload({"volume": []})))


@pytest.mark.parametrize("delay", [delays, Later])
@pytest.mark.parametrize(
    ("component", "argument", "value"),
    [
        (aws_access, "app_containers", "web"),
        (aws_access, "secrets", "database-password"),
        (aws_access, "kms_key_arns", "arn:aws:kms:us-east-1:111122223333:key/1234abcd"),
        (aws_access, "policy_arns", "arn:aws:iam::111122223333:policy/boundary"),
        (aws_access, "app_containers", {"web": "worker"}),
        (aws_access, "secrets", [3]),
        (shared_service, "caller_namespaces", "test"),
        (shared_service, "metrics_namespaces", "monitoring"),
        (workload, "ports", "3000"),
        (workload, "ports", ["http"]),
    ],
)
def test_a_text_where_a_list_belongs_stops_the_program(
    component: Component, argument: str, value: Any, delay: Callable[[Any], Any]
) -> None:
    """Its letters would be taken for the list's items: `web` for `w`, `e` and `b`."""
    assert_all_in([f"{argument}: given {value!r}", "expected a list"], refusal(component(**{argument: delay(value)})))


@pytest.mark.parametrize("delay", [delays, Later])
@pytest.mark.parametrize(
    ("component", "argument", "value"),
    [
        (aws_access, "labels", ["team"]),
        (aws_access, "labels", {"team": 1}),
        (aws_access, "tags", "team"),
        (aws_access, "tags", {"team": True}),
        (cluster_trust, "tags", {"team": 1}),
        (workload, "env", {"LEVEL": 1}),
        (workload, "env", ["LEVEL=1"]),
        (shared_service, "sidecar_env", {"SECRETS_CACHE_TTL": 10}),
    ],
)
def test_a_mapping_is_of_texts(component: Component, argument: str, value: Any, delay: Callable[[Any], Any]) -> None:
    """Kubernetes and AWS refuse numbers there, in words of their own and late."""
    assert_all_in([argument, "texts by name"], refusal(component(**{argument: delay(value)})))


@pytest.mark.parametrize("delay", [delays, Later])
@pytest.mark.parametrize(
    ("component", "argument"),
    [
        (aws_access, "namespace"),
        (aws_access, "sidecar_image"),
        (aws_access, "oidc_provider_arn"),
        (aws_access, "region"),
        (cluster_trust, "issuer"),
        (workload, "image"),
        (shared_service, "namespace"),
        (shared_service, "sidecar_image"),
        (shared_service, "certificate"),
        (shared_service, "caller_namespaces"),
    ],
)
def test_a_required_argument_that_is_not_there_is_missed(
    component: Component, argument: str, delay: Callable[[Any], Any]
) -> None:
    """Left out, or an Output that turns out to be nothing."""
    assert_all_in([argument], refusal(component(**{argument: delay(None)})))


@pytest.mark.parametrize(
    ("component", "arguments"),
    [
        (aws_access, "access endpoint_url kms_key_arns labels permissions_boundary policy_arns port role_name tags"),
        (aws_access, "app_containers secret_prefix secrets service_account_name token_expiration_seconds"),
        (cluster_trust, "tags"),
        (workload, "workload_name env ports resources writable_root"),
        (shared_service, "service_name replicas metrics_namespaces sidecar_env sidecar_resources access"),
        (shared_service, "ca_config_map token_expiration_seconds sidecar_files image_pull_policy"),
    ],
)
def test_an_output_that_is_nothing_is_as_good_as_left_out(component: Component, arguments: str) -> None:
    """What may be left out has its default then too."""
    left_out = run(component())
    nothing = run(component(**{argument: Later(None) for argument in arguments.split()}))
    assert {asked.name: _present(asked.inputs) for asked in nothing.asked} == {
        asked.name: _present(asked.inputs) for asked in left_out.asked
    }


def _present(value: Any) -> Any:
    """The value without what is empty, which says nothing in a manifest."""
    if isinstance(value, dict):
        return {key: _present(item) for key, item in value.items() if item not in (None, {}, [])}
    return [_present(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("backend", "given"), [("aws", "'aws'"), ({"aws": "eu"}, "'eu'"), ({"aws": {"region": "eu"}}, "['region']")]
)
def test_a_wrong_mapping_is_shown_a_right_one(backend: Any, given: str) -> None:
    message = str(refusal(shared_service(backend=backend)).value)
    assert f"given {given}, expected a value such as {{" in message
    assert "secret-access-blue-{namespace}" in message


@pytest.mark.parametrize("backend", [None, "aws", {}, {"aws": None}, {"aws": {"region": "us-east-1"}}])
def test_a_shared_service_needs_a_backend(backend: Any) -> None:
    """One that is missing, or lacks a part, is shown how to be written."""
    assert_all_in(["backend", '"role_arn": "arn:aws:iam::'], refusal(shared_service(backend=backend)))


@pytest.mark.parametrize(
    ("component", "wrong", "named"),
    [
        (aws_access, {"region": "*"}, "AwsSecretAccess 'test': region"),
        (aws_access, {"region": Later("*")}, "AwsSecretAccess 'test': region"),
        (aws_access, {"zzz": "*"}, "AwsSecretAccess 'test': zzz"),
        (cluster_trust, {"issuer": "x"}, "ClusterTrust 'blue': issuer"),
        (workload, {"ports": [8081]}, "SecretWorkload 'shop': ports"),
        (shared_service, {"replicas": 1}, "SharedSecretService 'secrets': replicas"),
    ],
)
def test_a_message_says_which_component_is_meant(component: Component, wrong: dict[str, Any], named: str) -> None:
    """A program of fifty namespaces has fifty of them."""
    assert str(refusal(component(**wrong)).value).startswith(named)
