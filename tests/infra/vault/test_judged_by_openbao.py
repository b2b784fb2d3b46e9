"""The documents of the component, word for word, and who gets what by them: decided by a real OpenBao."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from secret_access import Access
from secret_access.vault import documents
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import AUDIENCE, Cluster, OpenBao, Refused, ask

SUBJECT = "system:serviceaccount:{}:secret-access"
NAMES = (
    "test/database-password",
    "test/nested/deeper/key",
    "test/data/prod",
    "prod/database-password",
    "test-eu/database-password",
    "testing/database-password",
    "test",
    "prod/test/database-password",
)
"""Secrets that are there, of which the first three are below `test/`."""
OWN = NAMES[:3]


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[OpenBao]:
    """A server that trusts the cluster's keys, with every secret of NAMES."""
    with OpenBao.running(folder := tmp_path_factory.mktemp("openbao"), Authority(folder)) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        running.trust(cluster)
        for name in NAMES:
            running.put(name, value="hunter2")
        yield running


def make(bao: OpenBao, namespace: str = "test", namespaces: str = "", **grant: Any) -> None:
    """Write the component's policy and role for a namespace."""
    policy = documents.secrets_policy(
        grant.pop("mount", "secret"), grant.pop("prefix", f"{namespace}/"), grant.pop("access", Access.READ), **grant
    )
    name = f"secret-access-{namespace}"
    bao("PUT", f"sys/policies/acl/{name}", {"policy": documents.render(policy)}, namespaces)
    bao(
        "POST",
        f"auth/jwt/role/{name}",
        documents.role(SUBJECT.format(namespace), AUDIENCE, name, 600),
        namespaces,
    )


def login(bao: OpenBao, jwt: str, namespace: str = "test") -> dict[str, Any]:
    """Log in to a namespace's role; raises Refused."""
    found = ask(bao.port, "POST", "auth/jwt/login", {"role": f"secret-access-{namespace}", "jwt": jwt})
    return dict(found["auth"])


def token(bao: OpenBao, cluster: Cluster, namespace: str = "test") -> str:
    return str(login(bao, cluster.token(namespace, "secret-access"), namespace)["client_token"])


def status(bao: OpenBao, held: str, method: str, path: str, document: Any = None) -> int:
    """The HTTP status of a call with a token."""
    try:
        ask(bao.port, method, path, document, held)
    except Refused as refused:
        return int(str(refused).split(": ")[1].split()[0])
    return 200


def test_own_secrets_are_read_and_no_others(bao: OpenBao, cluster: Cluster) -> None:
    """Names that begin alike, and the prefix without its slash, are others'."""
    make(bao)
    held = token(bao, cluster)
    assert {name for name in NAMES if status(bao, held, "GET", f"secret/data/{name}") == 200} == set(OWN)
    assert {status(bao, held, "GET", f"secret/data/{name}") for name in set(NAMES) - set(OWN)} == {403}
    assert status(bao, held, "GET", "secret/data/test/nothing") == 404


def test_a_widened_policy_turns_the_refusals(bao: OpenBao, cluster: Cluster) -> None:
    """So it was the policy that refused; a prefix without its slash reads what begins alike."""
    make(bao, prefix="test")
    held = token(bao, cluster)
    seen = {name for name in NAMES if status(bao, held, "GET", f"secret/data/{name}") == 200}
    assert seen == {*OWN, "test-eu/database-password", "testing/database-password", "test"}
    make(bao, prefix="")
    assert {status(bao, held, "GET", f"secret/data/{name}") for name in NAMES} == {200}
    make(bao)
    assert {status(bao, held, "GET", f"secret/data/{name}") for name in set(NAMES) - set(OWN)} == {403}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("LIST", "secret/metadata/test/"),
        ("GET", "secret/metadata/test/database-password"),
        ("DELETE", "secret/metadata/test/database-password"),
        ("POST", "secret/data/test/database-password"),
        ("DELETE", "secret/data/test/database-password"),
        ("POST", "secret/destroy/test/database-password"),
        ("POST", "secret/undelete/test/database-password"),
        ("GET", "secret/config"),
        ("GET", "sys/mounts"),
        ("GET", "auth/jwt/role/secret-access-test"),
        ("POST", "auth/token/create"),
        ("GET", "auth/token/lookup-self"),
        ("GET", "cubbyhole/x"),
    ],
)
def test_a_reading_role_does_nothing_else(bao: OpenBao, cluster: Cluster, method: str, path: str) -> None:
    """Not even what the policy `default` gives everybody."""
    make(bao)
    assert status(bao, token(bao, cluster), method, path, {"data": {"value": "x"}, "versions": [1]}) == 403


def test_events_read_metadata_of_own_secrets_alone(bao: OpenBao, cluster: Cluster) -> None:
    make(bao, events=True)
    held = token(bao, cluster)
    assert status(bao, held, "GET", "secret/metadata/test/database-password") == 200
    assert status(bao, held, "GET", "secret/metadata/test-eu/database-password") == 403
    assert status(bao, held, "LIST", "secret/metadata/test/") == 403


def test_writing_is_of_own_secrets_and_destroys_nothing(bao: OpenBao, cluster: Cluster) -> None:
    """A version that was deleted is still there for the owner of the engine."""
    make(bao, access=Access.READ_WRITE)
    held = token(bao, cluster)
    written = {"data": {"value": "new"}}
    assert status(bao, held, "POST", "secret/data/test/written", {**written, "options": {"cas": 0}}) == 200
    assert status(bao, held, "POST", "secret/data/test/written", {**written, "options": {"cas": 1}}) == 200
    assert status(bao, held, "DELETE", "secret/data/test/written") == 200
    assert status(bao, held, "GET", "secret/data/test/written") == 404
    bao("POST", "secret/undelete/test/written", {"versions": [2]})
    assert status(bao, held, "GET", "secret/data/test/written") == 200
    for method, path in (("DELETE", "secret/metadata/test/written"), ("POST", "secret/destroy/test/written")):
        assert status(bao, held, method, path, {"versions": [1]}) == 403
    assert status(bao, held, "POST", "secret/data/test-eu/written", written) == 403
    assert status(bao, held, "DELETE", "secret/data/prod/database-password") == 403


EXACT = ("Legacy/DB", "rds!cluster-1", "a+b/c d", 'say "hi"', "x*y")


def test_exact_names_are_single_secrets(bao: OpenBao, cluster: Cluster) -> None:
    """Neither what is below one, nor what begins like it, nor what would match it as a pattern."""
    make(bao, exact_names=EXACT)
    held = token(bao, cluster)
    for name in EXACT:
        for other, expected in ((name, 404), (f"{name}/below", 403), (f"{name}2", 403), (f"{name}x", 403)):
            assert status(bao, held, "GET", f"secret/data/{quote(other)}") == expected, other
    assert status(bao, held, "GET", "secret/data/aXb/c%20d") == 403
    assert status(bao, held, "GET", "secret/data/xOy") == 403
    assert status(bao, held, "POST", "secret/data/Legacy/DB", {"data": {"value": "x"}}) == 403


@pytest.mark.parametrize(("pattern", "covers"), [("Legacy/*", "Legacy/DB"), ("Legacy/+/key", "Legacy/DB/key")])
def test_what_the_check_refuses_as_a_pattern_is_one(bao: OpenBao, cluster: Cluster, pattern: str, covers: str) -> None:
    """As a name in a policy it would cover others."""
    make(bao, exact_names=[pattern])
    assert status(bao, token(bao, cluster), "GET", f"secret/data/{covers}") == 404


def test_a_role_has_its_one_policy_and_cannot_be_prolonged(bao: OpenBao, cluster: Cluster) -> None:
    """The trail gets the pod's name."""
    make(bao)
    pod: dict[str, Any] = {"kubernetes.io": {"namespace": "test", "pod": {"name": "app-1"}}}
    auth = login(bao, cluster.token("test", "secret-access", **pod))
    assert auth["policies"] == auth["token_policies"] == ["secret-access-test"]
    assert (auth["lease_duration"], auth["metadata"]) == (600, {"pod": "app-1", "role": "secret-access-test"})
    renewed = bao("POST", "auth/token/renew", {"token": auth["client_token"], "increment": "24h"})["auth"]
    assert renewed["lease_duration"] <= 600


NOW = int(time.time())
REFUSED_TOKENS: dict[str, Callable[[Cluster], str]] = {
    "another namespace's": lambda cluster: cluster.token("prod", "secret-access"),
    "another ServiceAccount's": lambda cluster: cluster.token("test", "default"),
    "of a namespace that begins alike": lambda cluster: cluster.token("test-eu", "secret-access"),
    "for another audience": lambda cluster: cluster.token("test", "secret-access", "sts.amazonaws.com"),
    "for no audience": lambda cluster: cluster.token("test", "secret-access", aud=[]),
    "expired": lambda cluster: cluster.token("test", "secret-access", iat=NOW - 9000, nbf=NOW - 9000, exp=NOW - 900),
    "of another issuer": lambda cluster: cluster.token("test", "secret-access", iss="https://other.example"),
    "forged": lambda _: Cluster().token("test", "secret-access"),
}


@pytest.mark.parametrize("kind", REFUSED_TOKENS)
def test_a_token_that_is_not_the_roles_is_refused(bao: OpenBao, cluster: Cluster, kind: str) -> None:
    """At the login already, so there is no token of Vault's."""
    make(bao)
    with pytest.raises(Refused, match="auth/jwt/login: 400"):
        login(bao, REFUSED_TOKENS[kind](cluster))


def test_a_widened_role_turns_the_refusals(bao: OpenBao, cluster: Cluster) -> None:
    """So it was the role's bounds that refused."""
    make(bao)
    wide = {**documents.role("", "sts.amazonaws.com", "secret-access-test", 600)}
    bao("POST", "auth/jwt/role/secret-access-test", wide)
    assert login(bao, cluster.token("prod", "any", "sts.amazonaws.com"))["policies"] == ["secret-access-test"]
    make(bao)
    with pytest.raises(Refused):
        login(bao, cluster.token("prod", "any", "sts.amazonaws.com"))


def test_an_entity_may_have_policies_that_the_role_does_not_name(bao: OpenBao, cluster: Cluster) -> None:
    """docs/vault.md says so: who may write identities can widen what a role reads, and the role does not show it."""
    make(bao)
    auth = login(bao, cluster.token("test", "secret-access"))
    assert status(bao, auth["client_token"], "GET", "secret/data/prod/database-password") == 403
    bao("PUT", "sys/policies/acl/all", {"policy": 'path "secret/data/*" { capabilities = ["read"] }'})
    bao("POST", f"identity/entity/id/{auth['entity_id']}", {"policies": ["all"]})
    assert status(bao, auth["client_token"], "GET", "secret/data/prod/database-password") == 200
    bao("DELETE", f"identity/entity/id/{auth['entity_id']}")


def test_vaults_own_namespaces_keep_apart(bao: OpenBao, cluster: Cluster) -> None:
    """The same paths in another namespace of Vault's are other secrets."""
    bao("POST", "sys/namespaces/team")
    bao("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}, "team")
    bao.trust(cluster, namespace="team")
    make(bao, namespaces="team")
    bao.put("test/database-password", "team", value="hunter2")
    jwt = {"role": "secret-access-test", "jwt": cluster.token("test", "secret-access")}
    held = ask(bao.port, "POST", "auth/jwt/login", jwt, namespace="team")["auth"]["client_token"]
    assert ask(bao.port, "GET", "secret/data/test/database-password", None, held, "team")["data"]["data"]
    assert status(bao, held, "GET", "secret/data/test/database-password") == 403
