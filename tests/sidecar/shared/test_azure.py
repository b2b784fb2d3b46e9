"""The shared mode on Azure: which client a caller is, a vault of each namespace, and what Entra's codes mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from local.azure.directory import FederatedCredential, RoleAssignment, Vault
from secret_sidecar.errors import SettingsError
from secret_sidecar.vaults.azure.client_ids import ClientIds
from tests.fakes.connect_proxy import ConnectProxy
from tests.fakes.issuer import Issuer
from tests.fakes.server import Reply
from tests.sidecar.shared.clouds import AzureCloud
from tests.sidecar.shared.conftest import Launch, Running

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"
ONE, OTHER = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-aaaaaaaaaaaa"


async def test_a_caller_without_a_client_costs_no_call(launch: Launch) -> None:
    """403 by the service itself: without a code, and the detail says what is missing."""
    running = await launch(AzureCloud, ("test", "prod"), SECRETS_SHARED_CLIENT_IDS=f"prod={ONE},test/job={ONE}")
    got = await running.service.ask(NAME, running.cloud.token("test"))
    assert (got.status, got.json["type"]) == (403, "urn:secret-access:problem:denied")
    assert got.json["detail"] == (
        "no client for ServiceAccount 'app' of namespace 'test': expected one in SECRETS_SHARED_CLIENT_IDS"
    )
    assert got.json.keys().isdisjoint({"code", "request_id", "identity"})
    assert running.cloud.exchanges == 0


async def test_a_client_of_somebody_else_is_a_403(launch: Launch) -> None:
    """A caller configured with another's client is refused by Entra, until a federated credential names it."""
    running = await launch(AzureCloud)
    prod = running.cloud.client("prod")
    wrong = await launch(AzureCloud, SECRETS_SHARED_CLIENT_IDS=f"test={prod},prod={prod}")
    fake = wrong.cloud.fake
    got = await wrong.service.ask(NAME, wrong.cloud.token("test"))
    assert (got.status, got.json["code"], got.json["request_id"]) == (403, "AADSTS700213", "request-1")
    assert got.json["identity"] == wrong.cloud.identity("prod")
    fake.federated[prod].append(FederatedCredential(wrong.cloud.issuer.url, "system:serviceaccount:test:app"))
    got = await wrong.service.ask("/v1/secrets/prod/database-password", wrong.cloud.token("test", 2))
    assert (got.status, got.json["value"]) == (200, "prod-0")


@pytest.mark.parametrize(
    ("error", "number", "status"),
    [
        *(("invalid_client", number, 401) for number in (700024, 700027, 7000272, 700211, 700212)),
        *(("invalid_request", number, 401) for number in (50013, 50027)),
        *(("invalid_client", number, 403) for number in (70021, 70025, 700213, 7002138, 53003)),
        *(("unauthorized_client", number, 403) for number in (700016, 7000112)),
        *(("invalid_request", number, 503) for number in (90002, 700223, 700238)),
    ],
)
async def test_entras_code_decides(error: str, number: int, status: int, launch: Launch) -> None:
    """Whether the token is invalid, not allowed, or unknown; for a while without another call."""
    running = await launch(AzureCloud)
    await running.sidecar.readiness.wait()
    document = {"error": error, "error_description": "s3cr3t", "error_codes": [number], "trace_id": "t"}
    running.cloud.fake.server.faults.append(Reply(document, 400))
    given = running.cloud.token("test")
    for _ in range(2):
        got = await running.service.ask(NAME, given)
        assert (got.status, got.json["code"], got.json["request_id"]) == (status, f"AADSTS{number}", "t")
        assert got.json["identity"] == running.cloud.identity("test")
        assert "s3cr3t" not in got.body.decode()
        assert ("www-authenticate" in got.headers) == (status == 401)
    assert running.cloud.exchanges == 1


async def test_an_issuer_that_entra_could_not_reach(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is transient, and not the token's fault."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    running = await launch(AzureCloud)
    await running.sidecar.readiness.wait()
    for number in (50166, 90061):
        running.cloud.fake.server.faults.append(Reply({"error": "invalid_request", "error_codes": [number]}, 400))
    assert (await running.service.ask(NAME, running.cloud.token("test"))).status == 200
    assert running.cloud.exchanges == 3


# A vault of each namespace.


@pytest.fixture
async def proxy() -> AsyncIterator[ConnectProxy]:
    """The way to Azure's own host names, which shows in which order they were asked for."""
    async with ConnectProxy() as proxy:
        yield proxy


@pytest.fixture
async def apart(launch: Launch, proxy: ConnectProxy) -> Running:
    """A service with a vault of each namespace."""
    running = await launch(
        AzureCloud,
        AZURE_KEYVAULT_URL="https://blue-{namespace}.vault.azure.net",
        AZURE_AUTHORITY_HOST="",
        HTTPS_PROXY=proxy.url,
    )
    fake = running.cloud.fake
    here = ("127.0.0.1", fake.server.port)
    proxy.routes["login.microsoftonline.com"] = here
    for namespace in ("test", "prod"):
        host = f"blue-{namespace}.vault.azure.net"
        vault = fake.vaults[host] = Vault(f"blue-{namespace}")
        vault.add(f"{namespace}--database-password", f"{namespace}-0")
        proxy.routes[host] = here
        fake.assignments.append(RoleAssignment(running.cloud.client(namespace), "Key Vault Secrets User", vault.id))
    return running


async def test_each_namespace_has_its_own_vault(apart: Running, proxy: ConnectProxy) -> None:
    """No other's is contacted: a name missing from its own is not found; Entra comes before the vault."""
    await apart.sidecar.readiness.wait()
    for namespace, other in (("test", "prod"), ("prod", "test")):
        proxy.seen.clear()
        given = apart.cloud.token(namespace)
        assert (await apart.service.ask(NAME, given)).json["value"] == f"{namespace}-0"
        got = await apart.service.ask(f"/v1/secrets/{other}/database-password", given)
        assert (got.status, got.json["code"]) == (404, "SecretNotFound")
        assert [line.split()[1] for line in proxy.seen] == [
            "login.microsoftonline.com:443",
            f"blue-{namespace}.vault.azure.net:443",
        ]


@pytest.mark.parametrize("wrong", ["forged", "unmapped", "another's", "expired there"])
async def test_no_vault_is_contacted_before_entra_has_taken_the_token(
    wrong: str, apart: Running, proxy: ConnectProxy, forger: Issuer
) -> None:
    """Before that, anyone could choose the host to contact."""
    await apart.sidecar.readiness.wait()
    given = {
        "forged": apart.cloud.token("prod", signer=forger),
        "unmapped": apart.cloud.token("evil"),
        "another's": apart.cloud.token("prod", account="other"),
        "expired there": apart.cloud.token("prod", nbf=1 << 40),
    }[wrong]
    proxy.seen.clear()
    assert (await apart.service.ask(NAME, given)).status in {401, 403}
    assert not any("vault.azure.net" in line for line in proxy.seen)
    assert not any("/secrets/" in line for line in apart.cloud.fake.server.asked)


# Settings.


def test_the_more_particular_client_comes_first() -> None:
    """A ServiceAccount's own before its namespace's."""
    ids = ClientIds.parse(f"blue={ONE}, blue/job={OTHER},\n  green/app.v1={OTHER},")
    assert [ids.find(*caller) for caller in (("blue", "app"), ("blue", "job"), ("green", "app.v1"))] == [
        ONE,
        OTHER,
        OTHER,
    ]
    assert [ids.find(*caller) for caller in (("green", "app"), ("job", "blue"))] == [None, None]


def clients(text: str) -> dict[str, str]:
    """The setting."""
    return {"SECRETS_SHARED_CLIENT_IDS": text}


URL = "AZURE_KEYVAULT_URL"
SETTINGS: list[tuple[dict[str, str], str]] = [
    (clients(""), "SECRETS_SHARED_CLIENT_IDS is not set: expected NAMESPACE=CLIENT or NAMESPACE/SERVICEACCOUNT=CLIENT"),
    (clients("blue"), "expected NAMESPACE=CLIENT or NAMESPACE/SERVICEACCOUNT=CLIENT with commas between them, such as"),
    (clients(f"blue={ONE},green=x"), "'green=x' is none: a client id, such as"),
    (clients(f"a--b={ONE}"), f"'a--b={ONE}' is none: "),
    (clients(f"*={ONE}"), f"'*={ONE}' is none: "),
    (clients(f"blue/={ONE}"), "has no ServiceAccount's name after '/'"),
    (clients(f"blue/a/b={ONE}"), "has no ServiceAccount's name after '/'"),
    (clients(f"blue={ONE},blue={OTHER}"), "'blue' is there twice"),
    ({"AZURE_TENANT_ID": ""}, "AZURE_TENANT_ID is not set: expected the tenant of each caller's client, as"),
    ({"AZURE_CLIENT_ID": ONE}, "AZURE_CLIENT_ID is set: expected no identity of its own, as SECRETS_MODE='shared'"),
    (
        {"AZURE_KUBERNETES_TOKEN_PROXY": "https://blue.example", "AZURE_KUBERNETES_CA_DATA": "x"},
        "AZURE_KUBERNETES_TOKEN_PROXY is set: expected no identity of its own",
    ),
    ({"AZURE_FEDERATED_TOKEN_FILE": "/t"}, "AZURE_FEDERATED_TOKEN_FILE is set: expected no identity of its own"),
    ({URL: "https://{namespace}"}, "or 'https://my-{namespace}.vault.azure.net' as SECRETS_MODE='shared'"),
    ({URL: "https://vault.{namespace}"}, "or 'https://my-{namespace}.vault.azure.net'"),
    ({URL: "https://{namespace}{namespace}.vault.azure.net"}, "or 'https://my-{namespace}.vault.azure.net'"),
    ({URL: "https://{service_account}.vault.azure.net"}, "or 'https://my-{namespace}.vault.azure.net'"),
]


@pytest.mark.parametrize(("variables", "message"), SETTINGS)
async def test_what_is_wrong_is_told(variables: dict[str, Any], message: str, launch: Launch) -> None:
    """Before anything is served."""
    with pytest.raises(SettingsError) as error:
        await launch(AzureCloud, **variables)
    assert message in str(error.value)
