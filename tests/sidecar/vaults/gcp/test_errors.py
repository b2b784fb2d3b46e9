"""What a call ends with when Secret Manager gives no value: its own status decides, not the HTTP status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from secret_sidecar import errors
from secret_sidecar.errors import VaultError
from secret_sidecar.vaults.gcp.store import GcpStore, open_store
from tests.fakes.google import NUMBER, FakeGoogle
from tests.fakes.server import Fault, Reply
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.gcp.conftest import Pod

pytestmark = pytest.mark.anyio

OWN = "test/database-password"
NAME = f"projects/{NUMBER}/secrets/test--database-password/versions/1"


@pytest.fixture
async def store(pod: Pod, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GcpStore]:
    """A store whose vault, not its identity, has faults."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    google.server.is_faulty = lambda path: "/secrets/" in path
    store = open_store(pod.settings())
    yield store
    await store.close()


def status(code: str, http: int, message: str = "no", *details: dict[str, str], **headers: str) -> Reply:
    """A google.rpc.Status."""
    error = {"code": http, "message": message, "status": code, "details": list(details)}
    return Reply({"error": error}, http, {name.replace("_", "-"): value for name, value in headers.items()})


def reason(text: str) -> dict[str, str]:
    """An ErrorInfo."""
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": text, "domain": "googleapis.com"}


STATUSES = {
    "PERMISSION_DENIED": errors.Denied,
    "NOT_FOUND": errors.NotFound,
    "INVALID_ARGUMENT": errors.NameRefused,
    "FAILED_PRECONDITION": errors.BadUpstreamResponse,
    "RESOURCE_EXHAUSTED": errors.Throttled,
    "UNAUTHENTICATED": errors.CredentialsRefused,
    "UNAVAILABLE": errors.Unavailable,
    "INTERNAL": errors.Unavailable,
    "DEADLINE_EXCEEDED": errors.Unavailable,
    "ABORTED": errors.Unavailable,
    "UNIMPLEMENTED": errors.BadUpstreamResponse,
}


@pytest.mark.parametrize("http", [400, 403])
@pytest.mark.parametrize(("code", "kind"), STATUSES.items())
async def test_the_status_decides(
    code: str, kind: type[VaultError], http: int, google: FakeGoogle, store: GcpStore
) -> None:
    """Whatever HTTP status it came with; the code and the identity are kept, the cloud's message is not."""
    google.server.faults.extend([status(code, http, "s3cr3t")] * 4)
    with pytest.raises(kind) as error:
        await store.get(OWN, soon())
    assert type(error.value) is kind
    assert error.value.code == code
    assert error.value.identity
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (f"Secret Version [{NAME}] is in DISABLED state.", errors.Disabled),
        (f"Secret Version [{NAME}] is in DESTROYED state.", errors.Deleted),
        ("The KMS key is gone.", errors.BadUpstreamResponse),
    ],
)
async def test_a_failed_precondition_may_be_the_versions_state(
    message: str, kind: type[VaultError], google: FakeGoogle, store: GcpStore
) -> None:
    """Only the message tells a disabled version from, say, a KMS key that is gone."""
    google.server.faults.append(status("FAILED_PRECONDITION", 400, message))
    with pytest.raises(kind) as error:
        await store.get(OWN, soon())
    assert type(error.value) is kind


async def test_a_denial_that_is_not_about_the_secret_says_so(google: FakeGoogle, store: GcpStore) -> None:
    """An API that is not enabled, or a perimeter, has its reason as the code, and is no lack of rights."""
    google.server.faults.append(status("PERMISSION_DENIED", 403, "no", reason("SERVICE_DISABLED")))
    with pytest.raises(errors.Denied, match=r": SERVICE_DISABLED$") as error:
        await store.get(OWN, soon())
    assert error.value.code == "SERVICE_DISABLED"


async def test_the_id_of_a_call_is_kept_where_google_tells_one(google: FakeGoogle, store: GcpStore) -> None:
    """In a RequestInfo; mostly there is none."""
    info = {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "request-1"}
    google.server.faults.append(status("PERMISSION_DENIED", 403, "no", info))
    with pytest.raises(errors.Denied) as error:
        await store.get(OWN, soon())
    assert error.value.request_id == "request-1"


async def test_throttling_says_when_to_come_back(google: FakeGoogle, store: GcpStore) -> None:
    """As the vault says it, else in a second."""
    google.server.faults.extend([status("RESOURCE_EXHAUSTED", 429, retry_after="7")] * 4)
    with pytest.raises(errors.Throttled) as error:
        await store.get(OWN, soon())
    assert error.value.retry_after == 7
    google.server.faults.extend([Reply(b"slow down", 429, {"Retry-After": "Tue"}, "text/plain")] * 4)
    with pytest.raises(errors.Throttled) as error:
        await store.get(OWN, soon())
    assert error.value.retry_after == 1


NO_ANSWERS: list[Any] = [
    b"<html>captive portal</html>",
    [],
    {},
    {"name": NAME},
    {"name": NAME, "payload": {}},
    {"name": NAME, "payload": {"data": 1}},
    {"name": NAME, "payload": {"data": "s3cr3t!"}},
    {"name": NAME.replace("test--", "prod--"), "payload": {"data": "c2VjcmV0"}},
    {"name": f"{NAME}/x", "payload": {"data": "c2VjcmV0"}},
    {"payload": {"data": "c2VjcmV0"}},
    b"[" * 500_000,
]


@pytest.mark.parametrize("document", NO_ANSWERS, ids=lambda document: repr(document)[:60])
async def test_an_answer_that_is_no_answer(document: Any, google: FakeGoogle, store: GcpStore) -> None:
    """It is reported as such, without quoting it."""
    google.server.faults.append(Reply(document))
    with pytest.raises(errors.BadUpstreamResponse) as error:
        await store.get(OWN, soon())
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("document", [b"x", {}, {"name": "x", "state": "ENABLED"}, {"name": NAME, "state": 1}])
async def test_metadata_that_is_none(document: Any, google: FakeGoogle, store: GcpStore) -> None:
    """The same for the version's description."""
    google.server.faults.append(Reply(document))
    with pytest.raises(errors.BadUpstreamResponse):
        await store.current_version(OWN, soon())


@pytest.mark.parametrize("document", [b"x", [], {"error": "no"}, {"error": {"status": 1}}, {"error": {"details": 1}}])
async def test_an_error_that_is_none(document: Any, google: FakeGoogle, store: GcpStore) -> None:
    """Without a status of google.rpc, the HTTP status has to do."""
    google.server.faults.append(Reply(document, 404))
    with pytest.raises(errors.BadUpstreamResponse, match="HTTP 404"):
        await store.get(OWN, soon())
    google.server.faults.extend([Reply(document, 502)] * 4)
    with pytest.raises(errors.Unavailable, match="HTTP 502"):
        await store.get(OWN, soon())


@pytest.mark.parametrize("fault", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", status("INTERNAL", 500)])
async def test_what_passes_is_tried_again(fault: Fault, google: FakeGoogle, store: GcpStore) -> None:
    """It costs the caller time, not the value."""
    google.server.faults.extend([fault, fault])
    assert (await store.get(OWN, soon())).value == "hunter2-test"


async def test_a_token_that_is_refused_is_renewed_once(
    google: FakeGoogle, store: GcpStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been revoked; the caller sees a value."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.RENEWED_LATELY", 0.0)
    await store.get(OWN, soon())
    google.tokens.clear()
    assert (await store.get(OWN, soon())).value == "hunter2-test"
    google.server.faults.extend([status("UNAUTHENTICATED", 401)] * 2)
    with pytest.raises(errors.CredentialsRefused):
        await store.get(OWN, soon())
    assert google.server.asked.count("POST /v1/token") == 3
