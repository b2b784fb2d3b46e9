"""What a cluster's pods say of identities, and who is asked for what."""

from typing import Any

import pytest

from secret_access.probe.errors import ProbeError
from secret_access.probe.identities import identities, read
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
    assert (found.namespace, found.service_account, found.prefixes) == ("test", "secret-access", ("test/",))


@pytest.mark.parametrize("settings", [{"SECRETS_MODE": "shared"}, {"SECRETS_BACKEND": "pass"}])
def test_what_has_no_identity_of_a_namespace_is_left_out(settings: dict[str, str]) -> None:
    """A shared service holds none; `pass` has no IAM behind it."""
    assert identities([pod("test", **settings), {"metadata": {"namespace": "x"}, "spec": {"containers": []}}]) == []


def test_without_its_own_settings_a_namespace_has_its_name_as_prefix() -> None:
    """As the sidecar itself does."""
    (found,) = identities([pod("test", SECRETS_PREFIX="", SECRETS_NAMESPACE="")])
    assert found.prefixes == ("test/",)


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
    """With the other's region and the own identity, by one probe for each identity; the own place comes first."""
    planned = plan(identities([pod("test"), pod("prod", AWS_REGION="us-east-1")]))
    own, other = ("aws eu-west-1", "test/database-password"), ("aws us-east-1", "prod/database-password")
    assert {
        probe.identity.namespace: [(str(part.place), *(each.name for each in part.questions)) for part in probe.parts]
        for probe in planned.probes
    } == {"test": [own, other], "prod": [other, own]}
    assert asked(planned)["test", "prod/database-password"] == REFUSED


def test_a_namespace_of_two_places_is_not_asked_for_its_own_secrets_elsewhere() -> None:
    """Its other identity reads them there: one of both may be meant to read both, or not."""
    planned = plan(identities([pod("prod"), pod("prod", "us", AWS_REGION="us-east-1"), pod("test")]))
    seen = {
        (probe.identity.namespace, str(probe.identity.place), each.place, each.name, each.expected)
        for probe in planned.probes
        for each in probe.questions
    }
    here, there, own, other = "aws eu-west-1", "aws us-east-1", "prod/database-password", "test/database-password"
    assert seen == {
        ("prod", here, here, own, READ),
        ("prod", here, here, other, REFUSED),
        ("prod", there, there, own, READ),
        ("prod", there, here, other, REFUSED),
        ("test", here, here, other, READ),
        ("test", here, here, own, REFUSED),
        ("test", here, there, own, REFUSED),
    }
    assert planned.gaps == ()


def test_own_secrets_are_asked_for_first() -> None:
    """Before they are read, a refusal may be one of an identity that nothing is allowed to yet."""
    for probe in plan(identities([pod("test"), pod("prod", names="z,a"), pod("dev")])).probes:
        expected = [each.expected for each in probe.questions]
        assert expected == sorted(expected)


VAULT = {"SECRETS_BACKEND": "vault", "AWS_REGION": "", "AWS_ROLE_ARN": "", "SECRETS_VAULT_MOUNT": "secret"}


def test_identities_of_two_servers_do_not_ask_each_other() -> None:
    """Each would show its token to the other's server. One server with two names is possible, so nothing is proven."""
    pods = [pod(name, **VAULT, VAULT_ADDR=f"https://{name}.example") for name in ("test", "prod")]
    planned = plan(identities([*pods, pod("shop", **VAULT, VAULT_ADDR="https://test.example/")]))
    assert ("test", "prod/database-password") not in asked(planned)
    assert asked(planned)["shop", "test/database-password"] == REFUSED
    mend = "; if both are one, spell it the same way in both, else ask the namespaces of each alone, with --namespace"
    of_prod, of_test = "vault https://prod.example secret", "vault https://test.example secret"
    assert planned.gaps == (
        f"prod did not ask for the secrets in {of_test}: its identity is of {of_prod}{mend}",
        f"shop and test did not ask for the secrets in {of_prod}: its identity is of {of_test}{mend}",
    )


AZURE = {"SECRETS_BACKEND": "azure", "AWS_REGION": "", "AWS_ROLE_ARN": "", "AZURE_TENANT_ID": "t"}


@pytest.mark.parametrize(
    ("url", "is_asked"),
    [
        ("https://prod.vault.azure.net", True),
        ("https://test.vault.azure.net:8443", True),
        ("https://prod.vault.azure.cn", False),
        ("https://collects-tokens.example", False),
        ("https://test.vault.azure.net.example", False),
        ("https://10.0.0.1", False),
    ],
)
def test_an_identity_is_shown_to_key_vaults_of_its_own_cloud_alone(url: str, is_asked: bool) -> None:
    """Whoever may create a pod could name a server of his own as the vault, and collect every namespace's tokens."""
    pods = [
        pod("test", **AZURE, AZURE_KEYVAULT_URL="https://test.vault.azure.net"),
        pod("prod", **AZURE, AZURE_KEYVAULT_URL=url),
    ]
    planned = plan(identities(pods))
    assert (("test", "prod/database-password") in asked(planned)) == is_asked
    assert (planned.gaps == ()) == is_asked


@pytest.mark.parametrize("hosts", [("10.0.0.1", "10.0.1.1"), ("vault", "other")])
def test_hosts_without_a_domain_are_each_their_own(hosts: tuple[str, str]) -> None:
    """Addresses of one network, or two short names, have nothing in common."""
    pods = [pod(name, **AZURE, AZURE_KEYVAULT_URL=f"https://{host}") for name, host in zip("ab", hosts, strict=True)]
    assert len(plan(identities(pods)).gaps) == 3


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


def test_each_role_of_a_service_account_asks() -> None:
    """Two roles may trust one ServiceAccount: the one that is not asked as may be the wide one."""
    wide = pod("test", AWS_ROLE_ARN="arn:aws:iam::111122223333:role/wide")
    planned = plan(identities([pod("test"), wide, pod("prod")]))
    assert [probe.identity.namespace for probe in planned.probes] == ["prod", "test", "test"]
    assert len({probe.key for probe in planned.probes}) == 3


def test_workloads_of_one_identity_may_have_a_prefix_each() -> None:
    """What the identity may read is all of theirs."""
    planned = plan(
        identities(
            [
                pod("test", SECRETS_PREFIX="test/web/"),
                pod("test", "worker", SECRETS_PREFIX="test/worker/"),
                pod("prod"),
            ]
        )
    )
    assert [asked(planned)["test", f"test/{each}/database-password"] for each in ("web", "worker")] == [READ, READ]
    assert (planned.gaps, planned.notes) == ((), ())


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "exact:prod/database-password"),
        ({**VAULT, "VAULT_ADDR": "https://vault.example"}, "exact:prod/database-password"),
        ({**VAULT, "SECRETS_BACKEND": "gcp"}, "exact:prod--database-password"),
        ({**VAULT, "SECRETS_BACKEND": "azure"}, "exact:Prod--Database-Password"),
        ({**VAULT, "SECRETS_BACKEND": "azure"}, "exact:prod--Old--key"),
    ],
)
def test_anothers_secret_is_not_ones_own_in_another_spelling(settings: dict[str, str], name: str) -> None:
    """A namespace's settings say what it declares: under another's prefix it is the other's."""
    planned = plan(identities([pod("test", names=f"a,{name}", **settings), pod("prod", **settings)]))
    found = asked(planned)
    spelled = [full for who, full in found if who == "test" and full != "test/a"]
    assert [found["test", full] for full in spelled] == [REFUSED] * len(spelled)
    assert [found["prod", full] for full in spelled] == [READ] * len(spelled)


def test_a_secret_that_several_declare_is_said() -> None:
    """Each is meant to read it: who looks at the matrix should know."""
    planned = plan(identities([pod("test", names="a,exact:Old"), pod("prod", names="a,exact:Old")]))
    assert planned.notes == ("exact:Old on aws eu-west-1 is declared by prod and test: each is meant to read it",)
    assert planned.gaps == ()


@pytest.mark.parametrize(
    "name", ["SECRETS_BACKEND", "SECRETS_PREFIX", "AWS_REGION", "AWS_ROLE_ARN", "VAULTMUX_BACKEND"]
)
@pytest.mark.parametrize("source", ["configMapKeyRef", "secretKeyRef"])
def test_a_sidecar_whose_settings_are_elsewhere_is_a_gap(name: str, source: str) -> None:
    """It was not asked, and nobody else for its secrets."""
    hidden = pod("test")
    env = hidden["spec"]["initContainers"][0]["env"]
    env[:] = [each for each in env if each["name"] not in (name, "SECRETS_BACKEND" if "BACKEND" in name else "")]
    env.append({"name": name, "valueFrom": {source: {"name": "settings", "key": "x"}}})
    found = read([hidden, pod("prod"), pod("dev")])
    assert [each.namespace for each in found.identities] == ["dev", "prod"]
    (gap,) = found.unread
    assert gap.startswith(f"test: the sidecar 'secrets' of app-1 takes {name} from a ConfigMap or a Secret")


def test_a_sidecar_with_all_settings_from_elsewhere_is_a_gap() -> None:
    """Its image tells it; another container with `envFrom` is none of ours."""
    hidden, other = pod("test"), pod("dev")
    for each, image in ((hidden, "registry/secret-sidecar:1"), (other, "app")):
        container = each["spec"]["initContainers"][0]
        container.update(env=[], envFrom=[{"configMapRef": {"name": "settings"}}], image=image)
    assert len(read([hidden, other]).unread) == 1


def test_the_other_names_of_the_settings_are_understood() -> None:
    """As the sidecar does: a namespace that uses them was not asked."""
    (found,) = identities([pod("test", SECRETS_BACKEND="", VAULTMUX_BACKEND="awssecrets")])
    assert found.place.vault == "aws"


def test_a_name_does_nothing_to_a_terminal() -> None:
    """A pod's settings are its author's, and a verdict is read on a terminal."""
    (found,) = identities([pod("test", names="a\x1b[2J\nisolated")])
    assert found.names == ("test/'a\\x1b[2J\\nisolated'",)


@pytest.mark.parametrize("ending", [{"status": {"phase": "Succeeded"}}, {"status": {"phase": "Failed"}}, {}])
def test_a_pod_that_has_ended_counts_where_nothing_else_does(ending: dict[str, Any]) -> None:
    """It may be of a role that is gone, which could read nothing, and would look like a fault."""
    old = {**pod("test", names="nightly", AWS_ROLE_ARN="arn:aws:iam::111122223333:role/gone"), **ending}
    old["metadata"] |= {} if ending else {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    (found,) = identities([old, pod("test")])
    assert dict(found.credentials)["AWS_ROLE_ARN"].endswith("role/test")
    (found,) = identities([old])
    assert found.names == ("test/nightly",)
