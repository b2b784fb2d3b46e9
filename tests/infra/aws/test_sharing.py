"""Which components of one program may use one role."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from secret_access import AwsSecretAccess, AwsSharedRole, AwsSharedRoleArgs, InvalidArgument
from tests.infra.aws.component import ASSOCIATION, OWN, POLICIES, POLICY, ROLE, SHARED_ROLE_ARN, TAGS
from tests.infra.components import aws_args
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

IRSA = {"oidc_provider_arn": None}
THEIRS = f"arn:aws:iam::{ACCOUNT}:role/theirs"
DELAYS = [lambda value: value, Later]


def made(*changes: dict[str, Any]) -> Callable[[], None]:
    """A program with an AwsSecretAccess for each."""

    def program() -> None:
        for number, changed in enumerate(changes):
            AwsSecretAccess(f"access-{number}", outputs_in(aws_args(**changed)))

    return program


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize(
    ("argument", "way"), [("existing_role_arn", IRSA), ("existing_role_arn", OWN), ("target_role_arn", OWN)]
)
@pytest.mark.parametrize(
    ("blue", "green"),
    [({}, {"namespace": "prod"}), ({"secret_prefix": "blue/test/"}, {"secret_prefix": "green/test/"})],
    ids=["two namespaces", "one name in two clusters"],
)
def test_two_prefixes_with_one_role_are_refused(
    argument: str, way: dict[str, Any], blue: dict[str, Any], green: dict[str, Any], delay: Any
) -> None:
    """The role restricts no session, so each would read what the other may."""
    with pytest.raises(InvalidArgument) as error:
        run(made({**way, **blue, argument: delay(THEIRS)}, {**way, **green, argument: THEIRS}))
    assert_all_in([argument, "'access-0'", "'access-1'", THEIRS, "reads the secrets of", "session_tags"], error)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (IRSA, {"service_account_name": "other"}),
        (IRSA, {}),
        ({**IRSA, "secret_prefix": "team/test/"}, {}),
        (IRSA, {"namespace": "prod", "secret_prefix": "test/"}),
        (POLICIES, {"namespace": "prod"}),
        (POLICIES, {"secret_prefix": "green/test/"}),
        (TAGS, {"namespace": "prod"}),
    ],
)
def test_one_role_for_the_same_secrets_or_for_restricted_sessions_is_taken(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """ServiceAccounts of one namespace, clusters and namespaces with one prefix, and a shared role's namespaces."""
    role = {"existing_role_arn": SHARED_ROLE_ARN}
    world = run(made({**first, **role}, {**first, **second, **role}))
    assert world.of(ROLE) == []


@pytest.mark.parametrize("delay", DELAYS)
def test_the_role_of_another_component_is_taken_for_its_own_prefix_alone(delay: Any) -> None:
    """As on a second cluster that replaces the first."""
    own = f"arn:aws:iam::{ACCOUNT}:role/secret-access-test"
    assert len(run(made({}, {**IRSA, "existing_role_arn": delay(own)})).of(ROLE)) == 1
    with pytest.raises(InvalidArgument) as error:
        run(made({}, {**IRSA, "existing_role_arn": delay(own), "secret_prefix": "green/test/"}))
    assert_all_in([own, "'access-0'", "'access-1'", "reads the secrets of test under"], error)


def shared(role: dict[str, Any], use: dict[str, Any], *, is_first: bool = True) -> Callable[[], None]:
    """A program with an AwsSharedRole and one AwsSecretAccess that has it."""

    def program() -> None:
        args = {"eks_cluster_arns": [CLUSTER_ARN], "region": "us-east-1", **role}
        arn: Any = SHARED_ROLE_ARN
        if is_first:
            arn = AwsSharedRole("all", cast("AwsSharedRoleArgs", args)).role_arn
        AwsSecretAccess("test", aws_args(**{**OWN, **use, "existing_role_arn": arn}))
        if not is_first:
            AwsSharedRole("all", cast("AwsSharedRoleArgs", args))

    return program


BY_TAGS = {"pod_identity": "session_tags"}
BY_POLICIES = {"pod_identity": "session_policies"}
NOT_GRANTED: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    (BY_POLICIES, BY_TAGS, ["pod_identity", "given 'session_tags', expected session_policies", "sessions in one way"]),
    (BY_POLICIES, {}, ["pod_identity", "given 'role_per_namespace', expected session_policies"]),
    (BY_TAGS, BY_POLICIES, ["pod_identity", "given 'session_policies', expected session_tags"]),
    ({**BY_TAGS, "common_prefix": "team/"}, BY_TAGS, ["secret_prefix", "given 'test/', expected team/test/"]),
    ({**BY_POLICIES, "common_prefix": "team/"}, BY_POLICIES, ["secret_prefix", "expected one below team/"]),
    (BY_TAGS, {**BY_TAGS, "access": "read_write"}, ["access", "given 'read_write', expected read"]),
    (BY_POLICIES, {**BY_POLICIES, "access": "read_write"}, ["access", "given 'read_write', expected read"]),
]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(("role", "use", "words"), NOT_GRANTED)
def test_what_the_shared_role_of_the_program_does_not_grant_is_refused(
    role: dict[str, Any], use: dict[str, Any], words: list[str], preview: bool, is_first: bool
) -> None:
    """At preview, whichever of the two comes first: sessions of another way would not be restricted at all."""
    world = World(preview=preview)
    with pytest.raises(InvalidArgument) as error:
        run(shared(role, use, is_first=is_first), world)
    assert_all_in(["AwsSecretAccess 'test'", "AwsSharedRole 'all'", *words], error)
    assert not (world.of(ASSOCIATION) and world.of(POLICY))


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("role", "use"),
    [
        ({**BY_TAGS, "common_prefix": "team/"}, {**BY_TAGS, "secret_prefix": "team/test/"}),
        ({**BY_POLICIES, "common_prefix": "team/"}, {**BY_POLICIES, "secret_prefix": "team/shop/"}),
        ({**BY_TAGS, "access": "read_write"}, {**BY_TAGS, "access": "read_write"}),
        ({**BY_POLICIES, "access": "read_write"}, BY_POLICIES),
    ],
)
def test_what_the_shared_role_grants_is_taken(role: dict[str, Any], use: dict[str, Any], is_first: bool) -> None:
    """An association, and the one role."""
    world = run(shared(role, use, is_first=is_first))
    assert world.one(ASSOCIATION).inputs["roleArn"] == SHARED_ROLE_ARN
    assert len(world.of(ROLE)) == 1
