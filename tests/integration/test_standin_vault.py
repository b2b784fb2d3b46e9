"""Vault's components and the vault plugin's stand-in, with the real engine, OpenBao and a cluster's own tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from local.standins.errors import Refused as StandInRefused
from local.standins.vault import Vault
from tests.integration.real_parts import ApiServer, Stack
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import OpenBao, Refused, ask

ISSUER = "https://127.0.0.1"
NAMESPACES = ("vault-test", "vault-prod")

PROGRAM = """
import pulumi, pulumi_kubernetes as k8s, pulumi_vault as vault
from secret_access import VaultClusterTrust, VaultSecretAccess

server = vault.Provider("vault", address={url!r}, namespace={namespace!r}, skip_child_token=True)
cluster = k8s.Provider("kubernetes", kubeconfig={kubeconfig!r})
both = pulumi.ResourceOptions(providers=[server, cluster])
keys = {{"jwks_url": {jwks!r}, "ca_pem": {ca!r}}}
trust = VaultClusterTrust("blue", {{"issuer": {issuer!r}, "vault_namespace": {namespace!r}, **keys}}, both)
for namespace in {namespaces!r}:
    given = {{"namespace": namespace, "sidecar_image": "registry.example/sidecar:1", "address": {url!r}}}
    given |= {{"auth_path": trust.auth_path, "vault_namespace": {namespace!r}, **{changed!r}}}
    access = VaultSecretAccess(namespace, given, both)
    pulumi.export(namespace, access.identity)
"""


@pytest.fixture(scope="module")
def bao(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A server with secrets and nothing that grants access to them; the cluster's namespaces, and its open keys."""
    api_server.open_keys()
    for namespace in NAMESPACES:
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    with OpenBao.running(folder := tmp_path_factory.mktemp("openbao"), Authority(folder)) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        for namespace in (*NAMESPACES, "vault-test-eu", "vault-testing"):
            running.put(f"{namespace}/key", value="hunter2")
        yield running


@pytest.fixture
def stack(bao: OpenBao, stack: Stack) -> Stack:
    """The project, with root's token where Vault's own clients look for it."""
    return with_token(stack, bao.root)


def with_token(stack: Stack, token: str) -> Stack:
    return replace(stack, env={**stack.env, "VAULT_TOKEN": token})


def program(bao: OpenBao, api_server: ApiServer, namespace: str | None = None, **changed: Any) -> str:
    """The whole: a trust, and an identity for each namespace."""
    cluster = yaml.safe_load(api_server.kubeconfig.read_text())["clusters"][0]["cluster"]
    return PROGRAM.format(
        url=bao.url,
        namespace=namespace,
        kubeconfig=api_server.kubeconfig.read_text(),
        jwks=f"{cluster['server']}/openid/v1/jwks",
        ca=base64.b64decode(cluster["certificate-authority-data"]).decode(),
        issuer=ISSUER,
        namespaces=NAMESPACES,
        changed=changed,
    )


def login(
    bao: OpenBao, api_server: ApiServer, asker: str, role: str, audience: str = "vault", account: str = "secret-access"
) -> str:
    """A token of Vault's, for a token that the API server makes; raises Refused."""
    path = f"/api/v1/namespaces/{asker}/serviceaccounts/{account}/token"
    made = api_server.client.request("POST", path, {"spec": {"audiences": [audience], "expirationSeconds": 600}})
    jwt = {"role": role, "jwt": made["status"]["token"]}
    return str(ask(bao.port, "POST", "auth/jwt/login", jwt)["auth"]["client_token"])


def reads(bao: OpenBao, held: str) -> set[str]:
    """The prefixes whose secret a token reads; another status than a refusal for lack of rights is an error."""
    found = set()
    for prefix in (*NAMESPACES, "vault-test-eu", "vault-testing"):
        try:
            ask(bao.port, "GET", f"secret/data/{prefix}/key", None, held)
            found.add(prefix)
        except Refused as refused:
            if ": 403 " not in str(refused):
                raise
    return found


def seen(bao: OpenBao, api_server: ApiServer) -> dict[str, set[str]]:
    """What each namespace reads, after a login of its own."""
    return {asker: reads(bao, login(bao, api_server, asker, f"secret-access-{asker}")) for asker in NAMESPACES}


OWN = {asker: {asker} for asker in NAMESPACES}


def test_who_may_read_what_and_what_is_widened_by_hand(bao: OpenBao, api_server: ApiServer, stack: Stack) -> None:
    """From preview to destroy: each cell right, each turned by hand, found by refresh alone, and repaired by up."""
    stack.program(program(bao, api_server))
    stack.pulumi("preview")
    assert "jwt/" not in bao("GET", "sys/auth")["data"]
    stack.up()
    assert stack.outputs() == {asker: f"auth/jwt/role/secret-access-{asker}" for asker in NAMESPACES}
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    assert seen(bao, api_server) == OWN
    with pytest.raises(Refused, match="login: 400"):
        login(bao, api_server, "vault-test", "secret-access-vault-prod")
    with pytest.raises(Refused, match="login: 400"):
        login(bao, api_server, "vault-test", "secret-access-vault-test", audience="sts.amazonaws.com")
    with pytest.raises(Refused, match="login: 400"):
        login(bao, api_server, "vault-test", "secret-access-vault-test", account="default")

    widened = 'path "secret/data/vault-test*" { capabilities = ["read"] }'
    bao("PUT", "sys/policies/acl/secret-access-vault-test", {"policy": widened})
    role = bao("GET", "auth/jwt/role/secret-access-vault-prod")["data"]
    more = ["secret-access-vault-prod", "secret-access-vault-test"]
    bao("POST", "auth/jwt/role/secret-access-vault-prod", {**role, "token_policies": more, "bound_subject": ""})
    begin_alike = {"vault-test", "vault-test-eu", "vault-testing"}
    assert seen(bao, api_server) == {"vault-test": begin_alike, "vault-prod": {"vault-prod", *begin_alike}}
    assert reads(bao, login(bao, api_server, "vault-test", "secret-access-vault-prod"))
    stack.pulumi("preview", "--expect-no-changes")  # it is refresh that asks Vault
    assert "2 updated" in stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert seen(bao, api_server) == OWN
    with pytest.raises(Refused, match="login: 400"):
        login(bao, api_server, "vault-test", "secret-access-vault-prod")

    bao("POST", "auth/jwt/config", {"jwks_url": f"{bao.url}/v1/sys/health"})
    bao("DELETE", "auth/jwt/role/secret-access-vault-test")
    bao("DELETE", "sys/policies/acl/secret-access-vault-prod")
    printed = stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert "2 created" in printed
    assert "1 updated" in printed
    assert seen(bao, api_server) == OWN

    stack.pulumi("destroy", "--yes")
    assert "jwt/" not in bao("GET", "sys/auth")["data"]
    assert not [name for name in bao("GET", "sys/policy")["data"]["policies"] if "secret-access" in name]


def test_changes_in_place_and_replacements(bao: OpenBao, api_server: ApiServer, stack: Stack) -> None:
    """Rights and lifetimes change where they are; another name is another role."""
    stack.program(program(bao, api_server))
    stack.up()
    stack.program(program(bao, api_server, access="read_write", events=True, token_ttl=600))
    assert "4 updated" in stack.up()
    policy = json.loads(bao("GET", "sys/policies/acl/secret-access-vault-test")["data"]["policy"])
    assert set(policy["path"]) == {"secret/data/vault-test/*", "secret/metadata/vault-test/*"}
    role = bao("GET", "auth/jwt/role/secret-access-vault-test")["data"]
    assert (role["token_ttl"], role["token_max_ttl"], role["token_no_default_policy"]) == (600, 600, True)
    stack.program(program(bao, api_server, audience="https://vault.example"))
    stack.up()
    with pytest.raises(Refused, match="login: 400"):
        login(bao, api_server, "vault-test", "secret-access-vault-test")
    assert login(bao, api_server, "vault-test", "secret-access-vault-test", audience="https://vault.example")
    stack.pulumi("destroy", "--yes")


def test_vaults_own_namespaces(bao: OpenBao, api_server: ApiServer, stack: Stack) -> None:
    """All is made in the provider's, and a component that names another stops before that."""
    bao("POST", "sys/namespaces/team")
    stack.program(program(bao, api_server, namespace="team"))
    stack.up()
    assert stack.outputs()["vault-test"] == "team/auth/jwt/role/secret-access-vault-test"
    assert bao("GET", "auth/jwt/role/secret-access-vault-test", None, "team")["data"]["role_type"] == "jwt"
    assert "jwt/" not in bao("GET", "sys/auth")["data"]
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.program(program(bao, api_server, namespace="team").replace("namespace='team', skip", "skip"))
    assert "vault_namespace is not that of the Pulumi provider" in stack.up(fails=True)
    stack.program(program(bao, api_server, namespace="team"))
    stack.pulumi("destroy", "--yes")


def test_what_exists_can_be_imported(bao: OpenBao, stack: Stack) -> None:
    """The id alone yields the inputs, and a program that says the same changes nothing."""
    bao("POST", "sys/auth/clusters/red", {"type": "jwt"})
    role = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_policies": ["p"]}
    bao("POST", "auth/clusters/red/role/old", role)
    text = f"""
    import pulumi, pulumi_vault as vault
    server = vault.Provider("vault", address={bao.url!r})
    vault.jwt.AuthBackendRole("old", backend="clusters/red", role_name="old", role_type="jwt", user_claim="sub",
        bound_audiences=["vault"], token_policies=["p"],
        opts=pulumi.ResourceOptions(provider=server, import_="auth/clusters/red/role/old"))
    """
    stack.program(text)
    assert "1 imported" in stack.up()
    stack.program(text.replace(', import_="auth/clusters/red/role/old"', ""))
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")


def test_the_roots_token_is_not_in_the_state(bao: OpenBao, api_server: ApiServer, stack: Stack) -> None:
    """The plugin takes it from the environment, and puts it into no resource."""
    stack.program(program(bao, api_server))
    stack.up()
    assert all(bao.root.encode() not in path.read_bytes() for path in stack.folder.glob("state/**/*") if path.is_file())
    stack.pulumi("destroy", "--yes")


def test_a_server_that_refuses_is_quoted_and_nothing_made(bao: OpenBao, api_server: ApiServer, stack: Stack) -> None:
    """A wrong token, and keys that are not there: Vault's own words."""
    stack.program(program(bao, api_server))
    printed = with_token(stack, "s.unknown").up(fails=True)
    assert "403 permission denied" in printed
    assert "s.unknown" not in printed
    stack.program(program(bao, api_server).replace("/openid/v1/jwks", "/nothing"))
    printed = stack.up(fails=True)
    assert "POST /v1/auth/jwt/config: 400 error checking jwks URL" in printed, printed
    assert "jwt/" not in bao("GET", "sys/auth")["data"]
    stack.pulumi("destroy", "--yes")


@pytest.mark.parametrize(
    ("token", "inputs", "words"),
    [
        ("vault:index/policy:Polic", {}, "did you mean 'vault:index/policy:Policy'?"),
        ("vault:index/mount:Mount", {"path": "x", "type": "kv"}, "the vault stand-in has no 'vault:index/mount:Mount'"),
    ],
)
def test_a_type_that_the_sdk_or_the_stand_in_does_not_have_is_refused(token: str, inputs: Any, words: str) -> None:
    """The nearest type that there is, or all that the stand-in knows, is named."""
    with pytest.raises(StandInRefused) as refused:
        Vault().check(f"urn:pulumi:only::inline::{token}::x", {}, inputs, lambda: "0" * 8)
    assert words in str(refused.value)


def test_settings_that_the_stand_in_does_not_do_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is an input, and a provider without a token."""
    (failure,) = Vault().check_config({"address": "http://x", "skipTlsVerify": "true"})
    assert "the vault stand-in does not do 'skipTlsVerify'" in failure.reason
    urn = "urn:pulumi:only::inline::vault:index/policy:Policy::x"
    _, failures = Vault().check(urn, {}, {"policy": "", "namespace": "team"}, lambda: "0" * 8)
    assert [failure.reason for failure in failures] == [
        "the vault stand-in does not do 'namespace'; set namespace on the provider"
    ]
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    with pytest.raises(StandInRefused, match="the provider's token"):
        Vault().configure({"address": "http://127.0.0.1:1"})


def test_whose_token_it_is_can_be_asked_and_no_secret(bao: OpenBao, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program asks before it makes anything; the token that Vault shows beside is in no answer."""
    get_secret, own = "vault:generic/getSecret:getSecret", "auth/token/lookup-self"
    server = Vault()
    monkeypatch.setenv("VAULT_TOKEN", bao.root)
    server.configure({"address": bao.url})
    assert bao.root not in json.dumps(server.invoke(get_secret, {"path": own}))
    with pytest.raises(StandInRefused, match=f"path 'secret/data/x' given, expected '{own}'"):
        server.invoke(get_secret, {"path": "secret/data/x"})
    monkeypatch.setenv("VAULT_TOKEN", "s.unknown")
    server.configure({"address": bao.url})
    with pytest.raises(StandInRefused, match="403 permission denied"):
        server.invoke(get_secret, {"path": own})
