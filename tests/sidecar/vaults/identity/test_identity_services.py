"""What every identity service may do before it answers well: hang, be busy, or leave out when the token ends."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from secret_sidecar.errors import IdentityDelayed, IdentityTimedOut, IdentityUnavailable
from tests.sidecar.conftest import soon
from tests.sidecar.support.scripted import Scripted, reply
from tests.sidecar.vaults.identity.issuers import (
    EMAIL,
    FLAVOR,
    ISSUERS,
    JSON,
    Make,
    access_token,
    found,
)

pytestmark = pytest.mark.anyio

every_service = pytest.mark.parametrize(("make", "answers"), ISSUERS.values(), ids=ISSUERS)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)


@every_service
async def test_a_service_that_hangs_once_is_asked_again(make: Make, answers: tuple[bytes, ...]) -> None:
    """Before the deadline, on a new connection."""
    async with Scripted([asyncio.Event()], answers) as server:
        issuer = make(server)
        credentials = await issuer.obtain(asyncio.get_running_loop().time() + 2)
        await issuer.close()
    assert credentials.expires is not None
    assert server.connections == 2


@every_service
async def test_a_service_that_goes_on_hanging_is_not_waited_for_beyond_the_deadline(
    make: Make, answers: tuple[bytes, ...]
) -> None:
    async with Scripted(*[[asyncio.Event()]] * 9) as server:
        issuer = make(server)
        deadline = asyncio.get_running_loop().time() + 0.1
        with pytest.raises((IdentityDelayed, IdentityTimedOut), match=r"no answer from http://127\.0\.0\.1:"):
            await issuer.obtain(deadline)
        assert asyncio.get_running_loop().time() < deadline + 1
        await issuer.close()
    assert answers


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@every_service
async def test_a_status_that_passes_is_tried_again(make: Make, answers: tuple[bytes, ...], status: int) -> None:
    """With a page of whatever stands in front of the service."""
    async with Scripted([reply(b"<html>", status), *answers]) as server:
        issuer = make(server)
        assert (await issuer.obtain(soon())).expires is not None
        await issuer.close()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({}, None),
        ({"expires_in": None}, None),
        ({"expires_in": "soon"}, None),
        ({"expires_in": True}, None),
        ({"expires_in": "3599"}, 3599),
        ({"expires_in": 3599.5}, 3599.5),
        ({"expires_in": 10**9}, None),
        ({"expires_in": 10**400}, None),
        ({"expires_in": "1e400"}, None),
        ({"expires_in": "nan"}, None),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("service", ["the metadata server", "Google's STS", "Entra"])
async def test_a_token_is_used_whatever_is_said_of_its_end(
    service: str, told: dict[str, Any], seconds: float | None
) -> None:
    """RFC 6749 section 5.1 recommends `expires_in`, and no more; without one, the token has no known end."""
    make, _ = ISSUERS[service]
    before = (EMAIL,) if service == "the metadata server" else ()
    async with Scripted([*before, access_token(FLAVOR, **told)]) as server:
        issuer = make(server)
        credentials = await issuer.obtain(soon())
        await issuer.close()
    assert credentials.token == "t0k3n"
    if seconds is None:
        assert credentials.expires is None
    else:
        assert credentials.expires == pytest.approx(time.time() + seconds, abs=30)


@pytest.mark.parametrize("over", [0, -1, "0", "-5", float("-inf")])
@pytest.mark.parametrize("service", ["the metadata server", "Google's STS", "Entra"])
async def test_a_token_that_has_ended_is_none(service: str, over: Any) -> None:
    make, _ = ISSUERS[service]
    before = (EMAIL,) if service == "the metadata server" else ()
    async with Scripted([*before, access_token(FLAVOR, expires_in=over)]) as server:
        issuer = make(server)
        with pytest.raises(IdentityUnavailable):
            await issuer.obtain(soon())
        await issuer.close()


@pytest.mark.parametrize(("lease", "ends"), [(10**9, False), (10**400, False), (3600, True)])
async def test_a_lease_that_lasts_for_decades_has_no_known_end(lease: int, ends: bool) -> None:
    """Vault takes any number of seconds."""
    make, _ = ISSUERS["Vault"]
    async with Scripted([found({"auth": {"client_token": "s.t0k3n", "lease_duration": lease}})]) as server:
        issuer = make(server)
        assert ((await issuer.obtain(soon())).expires is not None) == ends
        await issuer.close()


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailableException", "RequestTimeoutException"])
async def test_an_agent_that_is_throttled_is_asked_again(code: str) -> None:
    """Whatever status it hands the error of EKS Auth on with."""
    make, answers = ISSUERS["an agent"]
    async with Scripted([reply(f"[id]: ({code}): no".encode(), 400), *answers]) as server:
        issuer = make(server)
        assert (await issuer.obtain(soon())).access_key == "k"
        await issuer.close()


@pytest.mark.parametrize("number", [50033, 50166, 90006, 90012, 90024, 90033, 90055, 90061, 90090, 90091])
async def test_what_passes_at_entra_is_tried_again(number: int) -> None:
    """Though its status says that the request is bad."""
    make, answers = ISSUERS["Entra"]
    refusal = reply(b'{"error": "invalid_request", "error_codes": [%d]}' % number, 400, JSON)
    async with Scripted([refusal, *answers]) as server:
        issuer = make(server)
        assert (await issuer.obtain(soon())).token == "t0k3n"
        await issuer.close()


@pytest.mark.parametrize("status", ["ABORTED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE"])
async def test_what_passes_at_google_is_tried_again(status: str) -> None:
    """Though its HTTP status says that the request is bad."""
    make, answers = ISSUERS["Google's STS"]
    refusal = reply(b'{"error": {"code": 400, "status": "%s"}}' % status.encode(), 400, JSON)
    async with Scripted([refusal, *answers]) as server:
        issuer = make(server)
        assert (await issuer.obtain(soon())).token == "t0k3n"
        await issuer.close()
