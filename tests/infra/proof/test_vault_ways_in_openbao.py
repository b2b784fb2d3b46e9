"""What the evaluation takes Vault to do beside reading policies, seen in a real OpenBao."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from secret_access.proof.vault.policies import allowed, of_caller, paths
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import Cluster, OpenBao, Refused, ask

PROD = "secret/data/prod/a"


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with OpenBao.running(folder := tmp_path_factory.mktemp("openbao"), Authority(folder)) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        running("POST", "sys/mounts/old", {"type": "kv"})
        running.put("prod/a", value="prods")
        running("POST", "old/prod/a", {"value": "prods"})
        running.policy("prod", ("secret/data/prod/*", "read"))
        yield running


@pytest.fixture(scope="module")
def cluster(bao: OpenBao) -> Cluster:
    bao.trust(made := Cluster())
    return made


def token(bao: OpenBao, *rules: tuple[str, str]) -> str:
    """A token with a policy of its own."""
    bao.policy("own", *rules)
    made = bao("POST", "auth/token/create", {"policies": ["own"], "no_default_policy": True})
    return str(made["auth"]["client_token"])


def further(bao: OpenBao, of: str, path: str, **asked: Any) -> str:
    """A token that another one creates."""
    return str(ask(bao.port, "POST", path, asked, of)["auth"]["client_token"])


def login(bao: OpenBao, role: str, jwt: str) -> str:
    made = ask(bao.port, "POST", "auth/jwt/login", {"role": role, "jwt": jwt})
    return str(made["auth"]["client_token"])


def in_namespace(cluster: Cluster, namespace: str) -> str:
    """A token that has its namespace as a claim of its own, too."""
    claims: dict[str, Any] = {"kubernetes.io": {"namespace": namespace}}
    return cluster.token(namespace, **claims)


def read(bao: OpenBao, of: str, path: str) -> Any:
    return ask(bao.port, "GET", path, None, of)["data"]


def test_a_token_role_gives_policies_that_its_caller_lacks(bao: OpenBao) -> None:
    bao("POST", "auth/token/roles/wide", {"allowed_policies": ["prod"]})
    caller = token(bao, ("auth/token/create/wide", "update"))
    with pytest.raises(Refused, match="403"):
        read(bao, caller, PROD)
    assert read(bao, further(bao, caller, "auth/token/create/wide", policies=["prod"]), PROD)


def test_a_token_role_that_disallows_some_policies_gives_all_others(bao: OpenBao) -> None:
    bao("POST", "auth/token/roles/others", {"disallowed_policies": ["nomad-server"]})
    caller = token(bao, ("auth/token/create/others", "update"))
    assert read(bao, further(bao, caller, "auth/token/create/others", policies=["prod"]), PROD)
    bao("POST", "auth/token/roles/others", {"disallowed_policies": ["Prod"]})
    with pytest.raises(Refused, match="disallowed"):
        further(bao, caller, "auth/token/create/others", policies=["prod"])


def test_sudo_on_a_token_role_without_policies_gives_any_and_update_alone_does_not(bao: OpenBao) -> None:
    bao("POST", "auth/token/roles/plain", {})
    path = "auth/token/create/plain"
    assert read(bao, further(bao, token(bao, (path, "update,sudo")), path, policies=["prod"]), PROD)
    with pytest.raises(Refused, match="subset"):
        further(bao, token(bao, (path, "update")), path, policies=["prod"])


def test_tokens_of_a_vault_namespace_below_take_sudo(bao: OpenBao) -> None:
    bao("POST", "sys/namespaces/team", {})
    bao("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}, "team")
    bao.put("prod/a", "team", value="teams")
    bao.policy("team-prod", ("secret/data/prod/*", "read"), namespace="team")
    path = "team/auth/token/create"
    made = further(bao, token(bao, (path, "update,sudo")), path, policies=["team-prod"])
    assert read(bao, made, f"team/{PROD}")
    with pytest.raises(Refused, match="child namespace"):
        further(bao, token(bao, (path, "update")), path, policies=["team-prod"])


def test_sudo_on_creating_tokens_gives_any_policy_and_update_alone_does_not(bao: OpenBao) -> None:
    caller = token(bao, ("auth/token/create", "update,sudo"))
    assert read(bao, further(bao, caller, "auth/token/create", policies=["prod"]), PROD)
    caller = token(bao, ("auth/token/create", "update"))
    with pytest.raises(Refused, match="subset"):
        further(bao, caller, "auth/token/create", policies=["prod"])


def test_policies_are_known_without_regard_to_case(bao: OpenBao) -> None:
    bao.policy("Mixed", ("secret/data/prod/*", "read"))
    made = bao("POST", "auth/token/create", {"policies": ["mIXED"], "no_default_policy": True})
    assert read(bao, made["auth"]["client_token"], PROD)


def test_version_1_has_values_at_their_names(bao: OpenBao) -> None:
    assert read(bao, token(bao, ("old/prod/*", "read")), "old/prod/a") == {"value": "prods"}


@pytest.mark.parametrize(
    ("path", "capability", "method", "asked"),
    [
        ("secret/destroy/prod/*", "update", "POST", {"versions": [1]}),
        ("secret/delete/prod/*", "update", "POST", {"versions": [1]}),
        ("secret/metadata/prod/*", "delete", "DELETE", None),
    ],
)
def test_versions_are_removed_beside_the_values_path(
    bao: OpenBao, path: str, capability: str, method: str, asked: Any
) -> None:
    name = path.split("/")[1]
    bao.put(f"prod/{name}", value="x")
    caller = token(bao, (path, capability))
    ask(bao.port, method, path.replace("*", name), asked, caller)
    with pytest.raises(Refused, match="404"):
        bao("GET", f"secret/data/prod/{name}")


def test_a_mount_has_none_below_it(bao: OpenBao) -> None:
    """So what begins with a known mount is on no other."""
    with pytest.raises(Refused, match=r"conflict|in use"):
        bao("POST", "sys/mounts/secret/below", {"type": "kv"})


def test_whoever_may_delete_a_mount_removes_its_values(bao: OpenBao) -> None:
    bao("POST", "sys/mounts/short", {"type": "kv"})
    ask(bao.port, "DELETE", "sys/mounts/short", None, token(bao, ("sys/mounts/*", "delete")))
    with pytest.raises(Refused):
        bao("GET", "short/a")


def test_a_role_that_binds_a_claim_of_pipelines_takes_no_token_of_a_serviceaccount(
    bao: OpenBao, cluster: Cluster
) -> None:
    bao.role("ci", bound_subject="", bound_claims={"repository": "shop/app"}, token_policies=["prod"])
    with pytest.raises(Refused, match="repository"):
        login(bao, "ci", cluster.token("prod"))


def test_a_claim_that_is_the_namespace_binds_and_fills_a_template(bao: OpenBao, cluster: Cluster) -> None:
    """As the evaluation fills it."""
    accessor = bao("GET", "sys/auth")["data"]["jwt/"]["accessor"]
    template = f"secret/data/{{{{identity.entity.aliases.{accessor}.metadata.ns}}}}/*"
    bao.policy("templated", (template, "read"))
    claim = "/kubernetes.io/namespace"
    bao.role(
        "all",
        bound_subject="",
        bound_claims_type="glob",
        bound_claims={claim: "te*"},
        claim_mappings={claim: "ns"},
        token_policies=["templated"],
    )
    pod = in_namespace(cluster, "test")
    made = bao("POST", "sys/capabilities", {"token": login(bao, "all", pod), "paths": (asked := _PATHS)})
    text = json.dumps({"path": {template: {"capabilities": ["read"]}}})
    ours = allowed(of_caller(paths("templated", text), {"ns"}, "test"))
    decided = made.get("data", made)
    assert {path: path in ours for path in asked} == {path: "read" in decided[path] for path in asked}
    with pytest.raises(Refused):
        login(bao, "all", in_namespace(cluster, "prod"))


def test_an_alias_by_a_claim_that_namespaces_share_has_the_metadata_of_its_last_login(
    bao: OpenBao, cluster: Cluster
) -> None:
    """A token that lives reads with them; by `sub` each has an alias of its own."""
    accessor = bao("GET", "sys/auth")["data"]["jwt/"]["accessor"]
    bao.policy("last", (f"secret/data/{{{{identity.entity.aliases.{accessor}.metadata.last}}}}/*", "read"))
    bao.put("test/a", value="tests")
    claim = "/kubernetes.io/namespace"
    pointers: dict[str, Any] = {
        "user_claim_json_pointer": True,
        "claim_mappings": {claim: "last"},
        "token_policies": ["last"],
    }
    account: dict[str, Any] = {"serviceaccount": {"name": "secret-access"}}
    for user_claim, reads_prods in (("/sub", False), ("/kubernetes.io/serviceaccount/name", True)):
        bao.role("shared", bound_subject="", user_claim=user_claim, **pointers)
        of_test, _ = (
            login(bao, "shared", cluster.token(each, **of))
            for each in ("test", "prod")
            for of in (dict[str, Any]({"kubernetes.io": {"namespace": each, **account}}),)
        )
        if reads_prods:
            assert read(bao, of_test, PROD)
        else:
            with pytest.raises(Refused, match="403"):
                read(bao, of_test, PROD)


_PATHS = ["secret/data/test/a", "secret/data/test-eu/a", "secret/data/prod/a", "secret/data/test"]


def test_an_entity_adds_its_policies_to_a_pods_token(bao: OpenBao, cluster: Cluster) -> None:
    accessor = bao("GET", "sys/auth")["data"]["jwt/"]["accessor"]
    bao.policy("shop", ("secret/data/shop/*", "read"))
    bao.role("shop")
    entity = bao("POST", "identity/entity", {"name": "shop", "policies": ["prod"]})["data"]["id"]
    alias = {"name": "system:serviceaccount:shop:app", "canonical_id": entity, "mount_accessor": accessor}
    bao("POST", "identity/entity-alias", alias)
    assert read(bao, login(bao, "shop", cluster.token("shop")), PROD)


def test_a_group_by_a_claim_adds_its_policies_to_a_pods_token(bao: OpenBao, cluster: Cluster) -> None:
    accessor = bao("GET", "sys/auth")["data"]["jwt/"]["accessor"]
    bao.policy("pay", ("secret/data/pay/*", "read"))
    bao.role("pay", groups_claim="/kubernetes.io/namespace")
    group = bao("POST", "identity/group", {"name": "pay", "type": "external", "policies": ["prod"]})["data"]["id"]
    bao("POST", "identity/group-alias", {"name": "pay", "canonical_id": group, "mount_accessor": accessor})
    pod = in_namespace(cluster, "pay")
    assert read(bao, login(bao, "pay", pod), PROD)
