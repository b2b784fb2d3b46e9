"""How a pod becomes somebody at Entra, and what goes wrong on the way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable, SettingsError
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_client.proxy import Proxy
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.azure.audience import Audience
from secret_sidecar.vaults.azure.federation import Federation
from secret_sidecar.vaults.azure.laptop import Laptop
from secret_sidecar.vaults.azure.settings import AzureSettings
from secret_sidecar.vaults.azure.sources import open_source
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.identity.identity_service import token_of_file
from tests.fakes.azure import FakeAzure
from tests.fakes.issuer import Issuer
from tests.fakes.scripted import Scripted, reply
from tests.fakes.server import Fault, Reply
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.azure.conftest import AUDIENCE, CLIENT, NOWHERE, SUBJECT, Pod

pytestmark = pytest.mark.anyio

LAPTOP = {"SECRETS_BACKEND": "azure", "AZURE_KEYVAULT_URL": "https://kv-test.vault.azure.net"}


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)


async def bearer(pod: Pod) -> Bearer:
    """The token that the pod is given."""
    source = open_source(pod.settings())
    try:
        return await source.get(soon())
    finally:
        await source.close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("kv.vault.azure.net", "https://vault.azure.net/.default"),
        ("kv.vault.azure.cn", "https://vault.azure.cn/.default"),
        ("kv.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net/.default"),
        ("kv.vault.azure.cn.example", "https://vault.azure.net/.default"),
        ("localhost", "https://vault.azure.net/.default"),
    ],
)
async def test_each_cloud_has_a_scope_of_its_own(host: str, expected: str) -> None:
    """Found by the vault's host."""
    assert await Audience(Origin("https", host, 443), None).scope(soon(), "me") == expected


@pytest.mark.parametrize(
    ("challenge", "cloud"),
    [
        (
            'Bearer authorization="https://login.cloud.example/t", resource="https://vault.cloud.example"',
            "cloud.example",
        ),
        ('Bearer authorization="https://x/t", scope="https://vault.cloud.example/.default"', "cloud.example"),
        ("Bearer resource=https://vault.cloud.example/", "cloud.example"),
        ('Bearer resource="https://vault.cloud.example.evil.example"', "public"),
        ('Bearer resource="https://evil.example"', "public"),
        ('Bearer resource="https://ault.cloud.example"', "public"),
        ('Bearer resource="http://vault.cloud.example"', "public"),
        ("Bearer", "public"),
    ],
)
async def test_a_vault_of_another_cloud_says_for_whom_its_tokens_are(challenge: str, cloud: str) -> None:
    """Asked once, without a token; what is no parent of the vault's host is not believed."""
    async with Scripted([reply(b"{}", 401, f"WWW-Authenticate: {challenge}")] * 2) as server:
        vault = Origin("http", "my-vault.vault.cloud.example", 80)
        proxy = Proxy(Origin("http", "127.0.0.1", server.port))
        audience = Audience(vault, lambda: Client(vault, proxy=proxy))
        found = [await audience.scope(soon(), "me") for _ in range(2)]
        domain = "vault.cloud.example" if cloud != "public" else "vault.azure.net"
        assert found == [f"https://{domain}/.default"] * 2
        assert len(server.requests) == 1
        assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_vault_that_fails_in_passing_is_asked_again_for_whom_its_tokens_are(status: int) -> None:
    """Tokens of the public cloud would be refused by it from then on."""
    challenge = 'WWW-Authenticate: Bearer resource="https://vault.cloud.example"'
    async with Scripted([reply(b"{}", status)], [reply(b"{}", 401, challenge)]) as server:
        vault = Origin("http", "my-vault.vault.cloud.example", 80)
        proxy = Proxy(Origin("http", "127.0.0.1", server.port))
        audience = Audience(vault, lambda: Client(vault, proxy=proxy))
        with pytest.raises(IdentityDelayed, match=f"Azure Key Vault is not available: HTTP {status}"):
            await audience.scope(soon(), "me")
        assert await audience.scope(soon(), "me") == "https://vault.cloud.example/.default"


async def test_an_answer_without_a_challenge_says_nothing_for_good() -> None:
    """A firewall's 403, for example, which may be gone when the next token is asked for."""
    challenge = 'WWW-Authenticate: Bearer resource="https://vault.cloud.example"'
    async with Scripted([reply(b"{}", 403)], [reply(b"{}", 401, challenge)]) as server:
        vault = Origin("http", "my-vault.vault.cloud.example", 80)
        proxy = Proxy(Origin("http", "127.0.0.1", server.port))
        audience = Audience(vault, lambda: Client(vault, proxy=proxy))
        found = [await audience.scope(soon(), "me") for _ in range(2)]
        assert found == ["https://vault.azure.net/.default", "https://vault.cloud.example/.default"]


async def test_a_token_is_asked_for_the_audience_that_the_vault_named(tmp_path: Path) -> None:
    """Entra gets it as the scope."""
    (token := tmp_path / "token").write_text("t0k3n")
    challenge = 'WWW-Authenticate: Bearer resource="https://vault.cloud.example"'
    document = b'{"access_token": "t", "expires_in": 3600}'
    granted = reply(document, 200, "Content-Type: application/json")
    async with Scripted([reply(b"{}", 401, challenge)], [granted]) as server:
        here, vault = Origin("http", "127.0.0.1", server.port), Origin("http", "v.vault.cloud.example", 80)
        audience = Audience(vault, lambda: Client(vault, proxy=Proxy(here)))
        federation = Federation(Client(here), "tenant", CLIENT, audience, lambda: token_of_file(token, "me"))
        assert (await federation.obtain(soon())).token == "t"
        assert b"scope=https%3A%2F%2Fvault.cloud.example%2F.default" in server.requests[1].body
        await federation.close()


async def test_a_token_ends_when_entra_says(pod: Pod) -> None:
    """And says whose it is."""
    token = await bearer(pod)
    assert token.expires == pytest.approx(pod.azure.tokens[token.token].expires, abs=1)
    assert token.identity == f"client {CLIENT} of tenant 11111111-1111-1111-1111-111111111111"
    assert token.token not in repr(token)


async def test_a_token_that_was_rotated_is_read_anew(pod: Pod, issuer: Issuer) -> None:
    """The kubelet replaces it before it ends."""
    first = await bearer(pod)
    pod.token_file.write_text("gone")
    with pytest.raises(IdentityUnavailable, match="AADSTS50027"):
        await bearer(pod)
    pod.token_file.write_text(issuer.token(SUBJECT, AUDIENCE))
    assert (await bearer(pod)).token != first.token


@pytest.mark.parametrize("content", [None, b"", b"two words", b"\xff"])
async def test_a_token_file_that_holds_no_token(content: bytes | None, pod: Pod) -> None:
    """The path is told, the content is not."""
    pod.token_file.unlink()
    if content is not None:
        pod.token_file.write_bytes(content)
    with pytest.raises(IdentityUnavailable, match=f"token file {re.escape(str(pod.token_file))}") as error:
        await bearer(pod)
    assert "two words" not in str(error.value)


@pytest.mark.parametrize(
    "fault",
    [None, Reply(b"<html>", 502, content_type="text/html"), Reply(b"", 429), Reply({"error": "server_error"}, 400)],
)
async def test_what_passes_is_tried_again(fault: Fault, pod: Pod, azure: FakeAzure) -> None:
    """Inside the exchange, so that readers do not notice."""
    azure.server.faults.extend([fault, fault])
    assert (await bearer(pod)).token in azure.tokens


def entra(error: str, number: int) -> Reply:
    """An error of Entra's."""
    text = f"AADSTS{number}: s3cr3t"
    return Reply({"error": error, "error_description": text, "error_codes": [number], "trace_id": "t"}, 400)


@pytest.mark.parametrize(
    ("fault", "code", "request_id"),
    [
        (entra("invalid_client", 700213), "AADSTS700213", "t"),
        (entra("unauthorized_client", 700016), "AADSTS700016", "t"),
        (Reply({"error": "invalid_request"}, 400, {"x-ms-request-id": "r"}), "invalid_request", "r"),
        (Reply(b"s3cr3t", 404), None, None),
        (Reply({"access_token": "a b", "expires_in": 9}), None, None),
        (Reply({"access_token": "s3cr3t", "expires_in": 0}), None, None),
        (Reply({"access_token": "s3cr3t", "expires_in": "-1"}), None, None),
        (Reply([]), None, None),
    ],
)
async def test_what_does_not_pass_is_told(
    fault: Reply, code: str | None, request_id: str | None, pod: Pod, azure: FakeAzure
) -> None:
    """Once, with Entra's code, whom it was about, and not a word more."""
    azure.server.faults.append(fault)
    with pytest.raises(IdentityUnavailable, match=f"Entra refused client {CLIENT} of tenant") as error:
        await bearer(pod)
    assert (error.value.code, error.value.request_id) == (code, request_id)
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize(
    ("number", "is_told"),
    [(70021, True), (700211, True), (700213, True), (70025, True), (700016, True), (700212, False), (700024, False)],
)
async def test_an_identity_that_is_new_says_so_and_is_asked_for_again(
    number: int, is_told: bool, pod: Pod, azure: FakeAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entra knows a new federated credential everywhere only after some minutes."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.FIRST_PAUSE", 0.0)
    azure.server.faults.append(entra("invalid_client", number))
    source = open_source(pod.settings())
    with pytest.raises(IdentityUnavailable) as error:
        await source.get(soon())
    assert ("takes some minutes to be known everywhere" in str(error.value)) is is_told
    assert (await source.get(soon())).token in azure.tokens
    await source.close()


async def test_without_azures_library_a_laptop_has_no_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is told, both ways."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"AZURE_FEDERATED_TOKEN_FILE; to use `az login`, install .*laptop-azure"):
        open_source(Settings.from_environment(LAPTOP, NOWHERE))


async def test_nothing_on_a_laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """azure-identity finds nothing: what to do about it is told, its own long story is not."""
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    monkeypatch.setenv("PATH", str(tmp_path))
    source = open_source(Settings.from_environment(LAPTOP, NOWHERE))
    with pytest.raises(IdentityUnavailable, match=r"^no Azure credentials: set .*, or run `az login`$"):
        await source.get(soon())
    await source.close()


@pytest.mark.parametrize("variable", ["AZURE_TOKEN_CREDENTIALS", "AZURE_AUTHORITY_HOST"])
async def test_a_variable_that_azures_library_does_not_take_ends_the_start(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own words, which name the variable or the value."""
    monkeypatch.setenv(variable, "http://nonsense")
    with pytest.raises(SettingsError, match=r"^azure-identity: .*nonsense"):
        open_source(Settings.from_environment(LAPTOP, NOWHERE))


async def test_an_az_that_prints_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told without what was printed."""
    az = tmp_path / "az"
    az.write_text('#!/bin/sh\necho \'{"accessToken": "s3cr3t", "expires_on": "soon"}\'\n')
    az.chmod(0o755)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    source = open_source(Settings.from_environment(LAPTOP, NOWHERE))
    with pytest.raises(IdentityUnavailable) as failure:
        await source.get(soon())
    assert "s3cr3t" not in str(failure.value)
    await source.close()


async def test_azures_library_on_a_laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `az` gives is used, for the vault's own scope, until the end that it tells."""
    az = tmp_path / "az"
    answer = '{"accessToken": "t0k3n", "expires_on": 4102444800, "tokenType": "Bearer"}'
    az.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\necho '{answer}'\n")
    az.chmod(0o755)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    laptop = Laptop(Audience(Origin("https", "kv.vault.azure.net", 443), None))
    token = await laptop.obtain(soon())
    await laptop.close()
    assert (token.token, token.expires) == ("t0k3n", 4102444800.0)
    assert "--resource https://vault.azure.net" in (tmp_path / "asked").read_text()


def settings_error(**variables: Any) -> str:
    """Why an environment describes no sidecar."""
    with pytest.raises(SettingsError) as refusal:
        open_source(Settings.from_environment({**LAPTOP, **variables}, NOWHERE))
    return str(refusal.value)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AZURE_KEYVAULT_URL": ""}, "AZURE_KEYVAULT_URL is not set: expected a vault's URL, such as 'https://my-va"),
        ({"AZURE_KEYVAULT_URL": "my-vault"}, "AZURE_KEYVAULT_URL='my-vault': expected a vault's URL, such as"),
        ({"AZURE_KEYVAULT_URL": "http://my-vault.vault.azure.net"}, "expected a vault's URL, such as 'https://"),
        ({"AZURE_KEYVAULT_URL": "https://my-vault.vault.azure.net/secrets/x"}, "expected a vault's URL, such as"),
        (
            {"AZURE_KEYVAULT_URL": "https://kv-{namespace}.vault.azure.net"},
            "AZURE_KEYVAULT_URL='https://kv-{namespace}.vault.azure.net': expected one vault",
        ),
        ({"AZURE_CLIENT_ID": "app"}, "AZURE_CLIENT_ID='app': expected a client id, such as '11111111-"),
        ({"AZURE_TENANT_ID": "a/b"}, "AZURE_TENANT_ID='a/b': expected a tenant's id, such as '11111111-"),
        ({"AZURE_FEDERATED_TOKEN_FILE": "/t"}, "AZURE_CLIENT_ID is not set though AZURE_FEDERATED_TOKEN_FILE is"),
        (
            {"AZURE_FEDERATED_TOKEN_FILE": "/t", "AZURE_CLIENT_ID": CLIENT},
            "AZURE_TENANT_ID is not set though AZURE_FEDERATED_TOKEN_FILE is: expected all three of",
        ),
        ({"AZURE_AUTHORITY_HOST": "login.microsoftonline.com"}, "expected a URL such as 'https://login.micros"),
        ({"SECRETS_NAMES": "A_b"}, "SECRETS_NAMES: secret name 'A_b': expected lowercase letters"),
    ],
)
def test_a_wrong_setting_is_told(variables: dict[str, str], message: str) -> None:
    assert message in settings_error(**variables)


def test_the_manifests_of_vaultmux_server_run() -> None:
    """Its variable, and its name for the backend; a tenant may be given by its domain."""
    environment = {"VAULTMUX_BACKEND": "azurekeyvault", "AZURE_KEYVAULT_URL": "https://kv.vault.azure.net/"}
    settings = Settings.from_environment({**environment, "AZURE_TENANT_ID": "example.com"}, NOWHERE)
    assert (settings.backend, settings.vault_as(AzureSettings).vault_url) == (
        "azure",
        Origin("https", "kv.vault.azure.net", 443),
    )
    assert settings.vault_as(AzureSettings).tenant_id == "example.com"
