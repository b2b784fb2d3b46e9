"""What a cluster's pods say of identities, and who is asked for what."""

from typing import Any

import pytest

from secret_access.probe.errors import ProbeError
from secret_access.probe.identities import identities
from secret_access.probe.matrix import READ, REFUSED
from secret_access.probe.plan import Plan, plan, with_names
from tests.infra.probe.pods import pod


def asked(planned: Plan) -> dict[tuple[str, str], int]:
    return {(each.asker, each.name): each.expected for probe in planned.probes for each in probe.questions}


def test_each_namespace_is_asked_for_its_own_and_every_others_names() -> None:
    """All is read from the pods: namespaces, prefixes and the names that the sidecars declare."""
    planned = plan(identities([pod("test"), pod("prod", names="api-key,prod/b,exact:Old_Key")]))
    names = ["test/database-password", "prod/api-key", "prod/b", "exact:Old_Key"]
    assert asked(planned) == {
        **{("test", name): READ if name == names[0] else REFUSED for name in names},
        **{("prod", name): REFUSED if name == names[0] else READ for name in names},
    }
    assert (planned.gaps, planned.notes) == ((), ())


def test_pods_of_one_identity_are_one() -> None:
    """With the names of all of them; two ServiceAccounts of a namespace are two identities."""
    other = pod("test", "worker-1", names="api-key")
    found = identities([pod("test"), other, pod("test")])
    assert [each.names for each in found] == [("test/database-password", "test/api-key")]
    other["spec"]["serviceAccountName"] = "another"
    assert [each.service_account for each in identities([pod("test"), other])] == ["another", "secret-access"]


@pytest.mark.parametrize("path", [("template",), ("jobTemplate", "spec", "template")])
def test_a_workload_without_pods_is_read_from_its_template(path: tuple[str, ...]) -> None:
    """A Deployment of no replicas, a CronJob."""
    spec: dict[str, Any] = {"spec": pod("test")["spec"], "metadata": {}}
    for step in reversed(path):
        spec = {step: spec}
    (found,) = identities([{"metadata": {"namespace": "test", "name": "nightly"}, "spec": spec}])
    assert (found.namespace, found.service_account, found.prefix) == ("test", "secret-access", "test/")


@pytest.mark.parametrize("settings", [{"SECRETS_MODE": "shared"}, {"SECRETS_BACKEND": "pass"}])
def test_what_has_no_identity_of_a_namespace_is_left_out(settings: dict[str, str]) -> None:
    """A shared service holds none; `pass` has no IAM behind it."""
    assert identities([pod("test", **settings), {"metadata": {"namespace": "x"}, "spec": {"containers": []}}]) == []


def test_without_its_own_settings_a_namespace_has_its_name_as_prefix() -> None:
    """As the sidecar itself does."""
    (found,) = identities([pod("test", SECRETS_PREFIX="", SECRETS_NAMESPACE="")])
    assert found.prefix == "test/"


def test_a_namespace_without_a_known_name_is_a_gap() -> None:
    """Nobody was refused its secrets."""
    planned = plan(identities([pod("test"), pod("prod", names="")]))
    (gap,) = planned.gaps
    assert gap.startswith("prod on aws: no secret of it is known")
    assert "--name prod=NAME" in gap
    found = with_names(identities([pod("test"), pod("prod", names="")]), [("prod", "api-key")])
    assert plan(found).gaps == ()
    assert asked(plan(found))["test", "prod/api-key"] == REFUSED


def test_a_name_for_a_namespace_that_is_not_there_is_refused() -> None:
    """A typing error would be a gap that nobody sees."""
    with pytest.raises(ProbeError, match="--name prd=api-key: namespace 'prd' has no pod with a sidecar, expected one"):
        with_names(identities([pod("prod")]), [("prd", "api-key")])


def test_one_namespace_alone_proves_nothing() -> None:
    """Its own reads are right, and nobody was refused."""
    assert plan(identities([pod("test")])).gaps == (
        "no namespace was asked for another's secret: expected at least two namespaces with sidecars",
    )


def test_a_declared_name_of_no_namespace_is_said() -> None:
    """Nobody can be expected to read it."""
    planned = plan(identities([pod("test", names="a,elsewhere/b"), pod("prod")]))
    assert planned.notes == ("elsewhere/b was not asked for: no namespace has its prefix",)


def test_anothers_secrets_are_asked_for_where_they_are() -> None:
    """With the other's region, and the own identity."""
    planned = plan(identities([pod("test"), pod("prod", AWS_REGION="us-east-1")]))
    assert len(planned.probes) == 4
    assert {(probe.identity.namespace, str(probe.place), *probe.names) for probe in planned.probes} == {
        (namespace, *where)
        for namespace in ("test", "prod")
        for where in (("aws eu-west-1", "test/database-password"), ("aws us-east-1", "prod/database-password"))
    }
    assert asked(planned)["test", "prod/database-password"] == REFUSED


def test_identities_of_two_servers_do_not_ask_each_other() -> None:
    """A server does not know the other's identities, so its answer would be no refusal; that is said."""
    vault = {"SECRETS_BACKEND": "vault", "AWS_REGION": "", "AWS_ROLE_ARN": "", "SECRETS_VAULT_MOUNT": "secret"}
    pods = [pod(name, **vault, VAULT_ADDR=f"https://{name}.example") for name in ("test", "prod")]
    planned = plan(identities([*pods, pod("shop", **vault, VAULT_ADDR="https://test.example")]))
    assert ("test", "prod/database-password") not in asked(planned)
    assert asked(planned)["shop", "test/database-password"] == REFUSED
    assert len(planned.notes) == 3
    assert "test did not ask for the secrets in vault https://prod.example secret" in planned.notes[-1]


def test_a_prefix_over_anothers_does_not_make_its_names_ones_own() -> None:
    """A namespace's settings say its prefix: a wide one would count foreign secrets as its own."""
    planned = plan(identities([pod("test", SECRETS_PREFIX="team/"), pod("prod", SECRETS_PREFIX="team/prod/")]))
    assert asked(planned)["test", "team/prod/database-password"] == REFUSED
    assert asked(planned)["prod", "team/prod/database-password"] == READ
    assert planned.gaps == ()


def test_namespaces_of_one_prefix_are_a_gap() -> None:
    """Which of the two is meant to read a name, nobody knows."""
    planned = plan(identities([pod("test", SECRETS_PREFIX="prod/"), pod("prod"), pod("dev")]))
    (gap,) = planned.gaps
    assert gap.startswith("prod and test on aws eu-west-1 have one prefix: 'prod/'")
