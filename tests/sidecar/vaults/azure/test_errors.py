"""What a call ends with when Key Vault gives no value: its innermost code decides, not the HTTP status."""

from __future__ import annotations

from typing import Any

import pytest

from secret_sidecar import errors
from secret_sidecar.errors import VaultError
from secret_sidecar.vaults.azure.store import AzureStore
from tests.fakes.azure import FakeAzure
from tests.fakes.server import Fault, Reply
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.azure.conftest import CLIENT

pytestmark = pytest.mark.anyio

OWN = "test/database-password"
VERSION = "0" * 32
ID = f"https://localhost/secrets/test--database-password/{VERSION}"


def refusal(http: int, *codes: str, **headers: str) -> Reply:
    """An error of Key Vault's, the outer code first."""
    error: dict[str, Any] = {}
    for code in reversed(codes):
        error = {"code": code, "message": "s3cr3t", **({"innererror": error} if error else {})}
    return Reply(
        {"error": error}, http, {"x-ms-request-id": "r", **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


CODES = {
    ("Forbidden", "ForbiddenByRbac"): errors.Denied,
    ("Forbidden", "ForbiddenByPolicy"): errors.Denied,
    ("Forbidden", "ForbiddenByFirewall"): errors.Denied,
    ("Forbidden", "ForbiddenByConnection"): errors.Denied,
    ("Forbidden", "NobodyKnows"): errors.Denied,
    ("Forbidden",): errors.Denied,
    ("Forbidden", "SecretDisabled"): errors.Disabled,
    ("SecretNotFound",): errors.NotFound,
    ("BadParameter",): errors.NameRefused,
    ("Conflict", "ObjectIsDeletedButRecoverable"): errors.Deleted,
    ("Conflict", "ObjectIsBeingDeleted"): errors.Deleted,
    ("Conflict", "ObjectIsBeingRecovered"): errors.Conflict,
    ("Conflict",): errors.Conflict,
    ("Throttled",): errors.Throttled,
    ("Unauthorized",): errors.CredentialsRefused,
    ("NobodyKnows",): errors.BadUpstreamResponse,
}


@pytest.mark.parametrize("http", [400, 409])
@pytest.mark.parametrize(("codes", "kind"), CODES.items())
async def test_the_innermost_code_decides(
    codes: tuple[str, ...], kind: type[VaultError], http: int, azure: FakeAzure, store: AzureStore
) -> None:
    """Whatever HTTP status it came with; it is kept with Azure's id of the call, Azure's message is not."""
    azure.server.faults.extend([refusal(http, *codes)] * 4)
    with pytest.raises(kind) as error:
        await store.get(OWN, soon())
    assert type(error.value) is kind
    assert (error.value.code, error.value.request_id) == (codes[-1], "r")
    assert CLIENT in str(error.value.identity)
    assert "s3cr3t" not in str(error.value)


async def test_a_firewall_is_told_apart_from_a_denial(azure: FakeAzure, store: AzureStore) -> None:
    azure.server.faults.append(refusal(403, "Forbidden", "ForbiddenByRbac"))
    with pytest.raises(errors.Denied, match=r"refused 'test/database-password' to client .*, or there is no such"):
        await store.get(OWN, soon())
    azure.server.faults.append(refusal(403, "Forbidden", "ForbiddenByConnection"))
    with pytest.raises(errors.Denied, match=r"takes no requests from this pod's network \(ForbiddenByConnection\)"):
        await store.get(OWN, soon())


async def test_throttling_says_when_to_come_back(azure: FakeAzure, store: AzureStore) -> None:
    """As the vault says it; without a code, the status has to do."""
    for throttled in (refusal(429, "Throttled", Retry_After="9"), Reply(b"", 429, {"Retry-After": "9"})):
        azure.server.faults.extend([throttled] * 4)
        with pytest.raises(errors.Throttled) as error:
            await store.get(OWN, soon())
        assert error.value.retry_after == 9


NO_ANSWERS: list[Any] = [
    b"<html>captive portal</html>",
    [],
    {},
    {"id": ID},
    {"value": "s3cr3t"},
    {"id": ID, "value": 1},
    {"id": 1, "value": "s3cr3t"},
    {"id": "https://[", "value": "s3cr3t"},
    {"id": ID.replace("test--", "prod--"), "value": "s3cr3t"},
    {"id": ID.removesuffix(VERSION), "value": "s3cr3t"},
    {"id": f"{ID}/x", "value": "s3cr3t"},
    b"[" * 500_000,
]


@pytest.mark.parametrize("document", NO_ANSWERS, ids=lambda document: repr(document)[:60])
async def test_an_answer_that_is_no_answer(document: Any, azure: FakeAzure, store: AzureStore) -> None:
    """It is reported as such, without quoting it."""
    azure.server.faults.append(Reply(document))
    with pytest.raises(errors.BadUpstreamResponse) as error:
        await store.get(OWN, soon())
    assert "s3cr3t" not in str(error.value)


ATTRIBUTES = {"enabled": True, "created": 1}


@pytest.mark.parametrize(
    "document",
    [
        {"value": 1},
        {"value": [1]},
        {"value": [{"id": ID}]},
        {"value": [{"id": ID, "attributes": {"enabled": 1, "created": 1}}]},
        {"value": [{"id": ID.replace("test--", "prod--"), "attributes": ATTRIBUTES}]},
        {"value": [], "nextLink": 1},
        {"value": [], "nextLink": "https://elsewhere.example/secrets/prod--x/versions?a"},
        {"value": [], "nextLink": "https://localhost/secrets/test--database-password/versions?a b"},
        {"value": [], "nextLink": "https://localhost/secrets/test--database-password/versions?a\r\nX: y"},
        {"value": [], "nextLink": "secrets/test--database-password/versions?a"},
    ],
)
async def test_a_list_that_is_none(document: Any, azure: FakeAzure, store: AzureStore) -> None:
    """Items that are no versions of that name, and links that lead elsewhere."""
    azure.server.faults.append(Reply(document))
    with pytest.raises(errors.BadUpstreamResponse):
        await store.current_version(OWN, soon())


async def test_a_link_to_the_next_page_never_leaves_the_vault(azure: FakeAzure, store: AzureStore) -> None:
    """Whatever host it names, our own vault is asked."""
    link = "https://elsewhere.example/secrets/test--database-password/versions?api-version=7.4&$skiptoken=0"
    azure.server.faults.append(Reply({"value": [], "nextLink": link}))
    assert await store.current_version(OWN, soon())
    assert azure.server.asked.count("GET /secrets/test--database-password/versions") == 2


@pytest.mark.parametrize("document", [b"x", [], {"error": "no"}, {"error": {"code": 1}}, {"error": {"innererror": []}}])
async def test_an_error_that_is_none(document: Any, azure: FakeAzure, store: AzureStore) -> None:
    """Without a code, the HTTP status has to do."""
    azure.server.faults.append(Reply(document, 404))
    with pytest.raises(errors.BadUpstreamResponse, match="HTTP 404"):
        await store.get(OWN, soon())
    azure.server.faults.extend([Reply(document, 502)] * 4)
    with pytest.raises(errors.Unavailable, match="HTTP 502"):
        await store.get(OWN, soon())


@pytest.mark.parametrize(
    "fault", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", refusal(500, "InternalServerError")]
)
async def test_what_passes_is_tried_again(fault: Fault, azure: FakeAzure, store: AzureStore) -> None:
    """It costs the caller time, not the value."""
    azure.server.faults.extend([fault, fault])
    assert (await store.get(OWN, soon())).value == "hunter2-test"


async def test_a_token_that_is_refused_is_renewed_once(
    azure: FakeAzure, store: AzureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been revoked; if a new one does not help, whose tokens the vault trusts is told."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.RENEWED_LATELY", 0.0)
    await store.get(OWN, soon())
    azure.tokens.clear()
    assert (await store.get(OWN, soon())).value == "hunter2-test"
    challenge = 'Bearer authorization="https://login.example/other", resource="https://vault.azure.net"'
    azure.server.faults.extend([refusal(401, "Unauthorized", WWW_Authenticate=challenge)] * 2)
    with pytest.raises(errors.CredentialsRefused, match=r"it trusts those of https://login\.example/other"):
        await store.get(OWN, soon())
    assert len([request for request in azure.server.asked if request.startswith("POST")]) == 3
