"""What every identity service may do before it answers well: hang, be busy, or leave out when the token ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from secret_sidecar.errors import IdentityDelayed, IdentityTimedOut, IdentityUnavailable
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.identity.issuers import (
    EMAIL,
    FLAVOR,
    ISSUERS,
    JSON,
    Make,
    access_token,
    assumed,
    found,
    from_agent,
    generated,
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
        assert asyncio.get_running_loop().time() < deadline + 20  # the server never answers
        await issuer.close()
    assert answers


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@every_service
async def test_a_status_that_passes_is_tried_again(make: Make, answers: tuple[bytes, ...], status: int) -> None:
    """With a page of whatever stands in front of the service."""
    async with Scripted([reply(b"<html>", status), *answers], answers) as server:  # on the same connection, or another
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


@pytest.mark.parametrize("off", [600, -600, 86400, -86400, 5, 0])
@pytest.mark.parametrize(
    ("service", "answer"), [("STS", assumed), ("an agent", from_agent), ("Google's IAM", generated)]
)
async def test_an_end_that_a_service_dates_counts_from_its_own_date(
    service: str, answer: Callable[..., bytes], off: int
) -> None:
    """An hour is an hour, whichever of the two clocks is wrong."""
    make, (*before, _) = ISSUERS[service]
    there = datetime.now(UTC) + timedelta(seconds=off)
    expires = (there + timedelta(hours=1)).isoformat(timespec="seconds")
    async with Scripted([*before, answer(f"Date: {format_datetime(there, usegmt=True)}", expires=expires)]) as server:
        issuer = make(server)
        credentials = await issuer.obtain(soon())
        await issuer.close()
    assert credentials.expires == pytest.approx(time.time() + 3600, abs=30)


@pytest.mark.parametrize("date", ["", "soon", "Thu, 99 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 99999 00:00:00 GMT"])
async def test_a_date_that_is_none_says_nothing(date: str) -> None:
    make, _ = ISSUERS["STS"]
    expires = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    async with Scripted([assumed(f"Date: {date}", expires=expires)]) as server:
        issuer = make(server)
        assert (await issuer.obtain(soon())).expires == pytest.approx(time.time() + 3600, abs=30)
        await issuer.close()


@pytest.mark.parametrize("expires", ["soon", "2100-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "1"])
@pytest.mark.parametrize(
    ("service", "answer"), [("STS", assumed), ("an agent", from_agent), ("Google's IAM", generated)]
)
async def test_a_date_without_a_time_zone_is_no_end(service: str, answer: Callable[..., bytes], expires: str) -> None:
    """Nobody could tell when it is; what is no date at all neither."""
    make, (*before, _) = ISSUERS[service]
    async with Scripted([*before, answer(expires=expires)]) as server:
        issuer = make(server)
        if expires.endswith("+14:00"):
            assert (await issuer.obtain(soon())).expires < 0
        else:
            with pytest.raises(IdentityUnavailable):
                await issuer.obtain(soon())
        await issuer.close()
