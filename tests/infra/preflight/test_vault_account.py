"""A Vault before the first `up`, judged by a real OpenBao: each fault is made, and found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from secret_access.cli.main import cli
from secret_access.preflight import live
from secret_access.preflight.check import Check
from secret_access.preflight.stack import Stack
from secret_access.preflight.vault import account
from secret_access.preflight.vault.account import Vault
from secret_access.preflight.vault.judging import needed
from secret_access.vault import documents
from tests.free_port import free_port
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import ISSUER, Cluster, OpenBao, Refused, ask

NEW = Stack(ISSUER)
TRUSTED = Stack(ISSUER, trusted=True)
IDS = ("vault-health", "vault-clock", "vault-token", "vault-rights", "vault-trust", "vault-kv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's, with its authority's certificate."""
    return tmp_path_factory.mktemp("openbao")


@pytest.fixture(scope="module")
def bao(folder: Path) -> Iterator[OpenBao]:
    """A server with a KV engine of version 2 and a secret."""
    with OpenBao.running(folder, Authority(folder)) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        running.put("shop/database-password", value="hunter2")
        yield running


def checks(bao: OpenBao, stack: Stack, token: str = "", vault: Vault | None = None, **environment: str) -> list[Check]:
    """What is found with a token, or the root's."""
    variables = {"VAULT_TOKEN": token or bao.root, "HOME": "/nonexistent", **environment}
    return list(account.checks(stack, vault or Vault(bao.url), live.local_time, variables))


def found(bao: OpenBao, stack: Stack, token: str = "", vault: Vault | None = None, **more: str) -> dict[str, Check]:
    return {check.id: check for check in checks(bao, stack, token, vault, **more)}


def limited(bao: OpenBao, name: str, paths: dict[str, tuple[str, ...]]) -> str:
    """A token that may do this, and what the policy `default` allows."""
    text = json.dumps({"path": {path: {"capabilities": list(can)} for path, can in paths.items()}})
    bao("PUT", f"sys/policies/acl/{name}", {"policy": text})
    made = bao("POST", "auth/token/create", {"policies": [name], "no_parent": True})
    return str(made["auth"]["client_token"])


def test_a_vault_without_fault_is_ready(bao: OpenBao, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the command, with the cluster's issuer given; neither the token nor a value is in the answer."""
    monkeypatch.setenv("VAULT_TOKEN", bao.root)
    arguments = ["preflight", "--vault", bao.url, "--issuer", ISSUER, "--auth-path", "new", "-n", "shop", "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    said = {check["id"]: check["severity"] for check in json.loads(result.output)["checks"]}
    assert said == dict.fromkeys((*IDS, "vault-secrets"), "ok")
    assert bao.root not in result.output
    assert "hunter2" not in result.output


def test_a_sealed_vault_is_found_and_asked_nothing_more(bao: OpenBao) -> None:
    """It answers nobody until it is unsealed."""
    bao("PUT", "sys/seal")
    try:
        check, *more = checks(bao, NEW)
    finally:
        bao.unseal()
    assert (check.id, check.severity) == ("vault-health", "error")
    assert "is sealed" in check.found
    assert [each.id for each in more] == ["vault-clock"]


def test_an_address_that_nobody_answers_at_is_found(bao: OpenBao) -> None:
    """Nor is one whose certificate nobody vouches for."""
    (check,) = checks(bao, NEW, vault=Vault(f"http://127.0.0.1:{free_port()}"))
    assert (check.id, check.severity, "was not reached" in check.found) == ("vault-health", "error", True)
    (check,) = checks(bao, NEW, vault=Vault(bao.tls_url))
    assert "certificate verify failed" in check.found


def test_a_certificate_of_an_authority_of_ones_own_is_trusted_where_it_is_named(bao: OpenBao, folder: Path) -> None:
    """In VAULT_CACERT, as Vault's own command has it."""
    assert (
        found(bao, NEW, vault=Vault(bao.tls_url), VAULT_CACERT=str(folder / "ca.pem"))["vault-health"].severity == "ok"
    )


def test_a_clock_that_differs_is_found(bao: OpenBao) -> None:
    """Vault goes by its own when it verifies a pod's token."""
    of_tomorrow = account.checks(
        NEW, Vault(bao.url), lambda: live.local_time() + timedelta(days=1), {"VAULT_TOKEN": bao.root}
    )
    check = next(each for each in of_tomorrow if each.id == "vault-clock")
    assert (check.severity, check.what) == ("error", "Vault's clock")


@pytest.mark.parametrize(("token", "text"), [("", "there is none"), ("s.unknown", "Vault does not take it")])
def test_a_token_that_vault_does_not_take_is_found(bao: OpenBao, token: str, text: str) -> None:
    """So is none at all; nothing more is asked, and the token is not shown."""
    variables = {"VAULT_TOKEN": token, "HOME": "/nonexistent"}
    *_, check = account.checks(NEW, Vault(bao.url), live.local_time, variables)
    assert (check.id, check.severity, check.found.startswith(text)) == ("vault-token", "error", True)
    assert "s.unknown" not in f"{check}"


def test_a_token_that_no_header_takes_is_not_shown(bao: OpenBao) -> None:
    """An error of the library that sends it would quote it."""
    with pytest.raises(account.BadToken) as raised:
        checks(bao, NEW, "s.hunter2\r\nX-Other: 1")
    assert "hunter2" not in str(raised.value)


def test_the_token_of_vault_login_is_taken(bao: OpenBao, tmp_path: Path) -> None:
    """It is in a file of one's home."""
    (tmp_path / ".vault-token").write_text(f"{bao.root}\n")
    variables = {"HOME": str(tmp_path)}
    assert {each.id for each in account.checks(NEW, Vault(bao.url), live.local_time, variables)} == set(IDS)


@pytest.mark.parametrize("stack", [NEW, replace(NEW, namespaces=("shop", "pay")), replace(TRUSTED, namespaces=("a",))])
def test_each_capability_that_up_needs_is_asked_for(bao: OpenBao, stack: Stack) -> None:
    """With all of them the token is ready; with one less, that one is named."""
    wanted = needed(stack, "fresh")
    check = found(bao, stack, limited(bao, "all", wanted), Vault(bao.url, "fresh"))["vault-rights"]
    assert check.severity == "ok"
    for path, capabilities in wanted.items():
        for each in capabilities:
            rest = {**wanted, path: tuple(can for can in capabilities if can != each) or ("list",)}
            check = found(bao, stack, limited(bao, "less", rest), Vault(bao.url, "fresh"))["vault-rights"]
            assert (check.severity, check.found) == ("error", f"the token lacks {each} on {path}")


def test_these_capabilities_are_what_up_needs(bao: OpenBao) -> None:
    """Its writes, as OpenBao takes them with these and refuses them with one less."""
    stack = Stack(ISSUER, ("real",))
    (name,) = stack.identities
    policy = {"policy": documents.render(documents.secrets_policy("secret", "real/"))}
    writes: dict[str, tuple[str, dict[str, Any]]] = {
        "auth/token/create": ("auth/token/create", {"ttl": "1m"}),
        "sys/auth/real": ("sys/auth/real", {"type": "jwt"}),
        "auth/real/config": ("auth/real/config", {"jwt_validation_pubkeys": [Cluster().public_key]}),
        f"sys/policies/acl/{name}": (f"sys/policies/acl/{name}", policy),
        f"auth/real/role/{name}": (
            f"auth/real/role/{name}",
            dict(documents.role("system:serviceaccount:real:secret-access", "vault", name, 600)),
        ),
    }
    wanted = needed(stack, "real")
    assert writes.keys() == wanted.keys()
    for path, (at, document) in writes.items():
        lacking = {**wanted, path: tuple(can for can in wanted[path] if can != wanted[path][-1]) or ("list",)}
        with pytest.raises(Refused, match="403"):
            ask(bao.port, "POST", at, document, limited(bao, "less", lacking))
        ask(bao.port, "POST", at, document, limited(bao, "all", wanted))


def test_a_denial_counts_more_than_what_else_is_allowed(bao: OpenBao) -> None:
    """Of another policy of the same token."""
    wanted = needed(NEW, "fresh")
    limited(bao, "denies", {"auth/token/create": ("deny",)})
    limited(bao, "allows", wanted)
    made = bao("POST", "auth/token/create", {"policies": ["allows", "denies"], "no_parent": True})
    check = found(bao, NEW, made["auth"]["client_token"], Vault(bao.url, "fresh"))["vault-rights"]
    assert check.found == "the token lacks update on auth/token/create"


def test_auth_of_the_cluster_is_there_once_and_takes_its_issuer(bao: OpenBao) -> None:
    """Missing, of another type, without keys, of another issuer, twice."""

    def severity(stack: Stack, path: str) -> tuple[str, str]:
        check = found(bao, stack, vault=Vault(bao.url, path))["vault-trust"]
        return str(check.severity), check.found

    assert severity(NEW, "none")[0] == "ok"
    assert severity(TRUSTED, "none") == ("error", "there is no auth/none")
    bao("POST", "sys/auth/people", {"type": "userpass"})
    assert severity(NEW, "people") == ("error", "auth/people is of type userpass, expected jwt")
    bao("POST", "sys/auth/empty", {"type": "jwt"})
    assert severity(TRUSTED, "empty") == ("error", "auth/empty has no keys, so every login is refused")
    bao.trust(Cluster(), "clusters/blue")
    assert severity(TRUSTED, "clusters/blue")[0] == "ok"
    assert severity(NEW, "clusters/blue")[0] == "warning"
    state, text = severity(Stack("https://other.example", trusted=True), "clusters/blue")
    assert (state, f"has bound_issuer '{ISSUER}'" in text) == ("error", True)
    bao("POST", "auth/empty/config", {"jwt_validation_pubkeys": [Cluster().public_key]})
    assert severity(TRUSTED, "empty")[0] == "warning"


def test_an_engine_of_version_1_or_of_another_type_is_found(bao: OpenBao) -> None:
    """So is none; each with the command that makes one."""
    bao("POST", "sys/mounts/old", {"type": "kv"})
    bao("POST", "sys/mounts/keys", {"type": "transit"})
    for mount, text in (
        ("old", "old is of version 1, expected 2"),
        ("keys", "keys is of type transit, expected kv"),
        ("none", "there is none at none"),
    ):
        check = found(bao, NEW, vault=Vault(bao.url, mount=mount))["vault-kv"]
        assert (check.severity, check.found) == ("error", text)
        assert check.mend


def test_a_prefix_without_a_secret_is_found(bao: OpenBao) -> None:
    """A warning: the application's first read is refused."""
    check = found(bao, replace(NEW, namespaces=("bare",)))["vault-secrets"]
    assert (check.severity, check.what) == ("warning", "secrets under secret/bare/")


def test_what_the_token_may_not_ask_is_unknown(bao: OpenBao) -> None:
    """The other checks go on."""
    stack = replace(NEW, namespaces=("shop",))
    token = limited(bao, "writes", needed(stack, "fresh"))
    said = {name: str(check.severity) for name, check in found(bao, stack, token, Vault(bao.url, "fresh")).items()}
    unknown = dict.fromkeys(("vault-trust", "vault-kv", "vault-secrets"), "unknown")
    assert said == {**dict.fromkeys(IDS, "ok"), **unknown}


def test_a_namespace_of_vaults_own_is_asked(bao: OpenBao) -> None:
    """That of VAULT_NAMESPACE has other engines than the root."""
    bao("POST", "sys/namespaces/team", {})
    assert found(bao, NEW, VAULT_NAMESPACE="team")["vault-kv"].severity == "error"
    bao("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}, "team")
    assert found(bao, NEW, VAULT_NAMESPACE="team")["vault-kv"].severity == "ok"
