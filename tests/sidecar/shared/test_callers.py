"""Callers come and go: how long each is known and served, and what is left of those who have gone."""

from __future__ import annotations

import asyncio
import gc

import pytest

from secret_sidecar.shared.callers import Caller
from secret_sidecar.shared.service import Shared
from tests.fakes.aws_shared import SharedAws, token
from tests.sidecar.shared.conftest import Started
from tests.sidecar.support.reachable import texts
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"


async def test_the_caller_seen_longest_ago_goes_first(aws: SharedAws, start: Started) -> None:
    """There are never more than the setting says."""
    service = await start(shared_callers=2)
    one, two, three = (aws.know(token("test", number), "test") for number in (1, 2, 3))
    for given in (one, two, one, three, one, two):
        assert (await service.ask(NAME, given)).status == 200
        assert len(start.sidecars[0]._vault.callers) <= 2  # type: ignore[union-attr]
    assert [form["RoleSessionName"] for form in aws.assumed] == ["test.app-1", "test.app-2", "test.app-3", "test.app-2"]


async def test_who_is_being_answered_does_not_go(aws: SharedAws, start: Started) -> None:
    """Where all are, a new one waits."""
    service = await start(shared_callers=1)
    one, two = (aws.know(token("test", number), "test") for number in (1, 2))
    assert (await service.ask(NAME, one)).status == 200
    gate = asyncio.Event()
    aws.faults.append(gate)
    asking = asyncio.create_task(service.ask(NAME, one))
    await until(lambda: not aws.faults)
    got = await service.ask(NAME, two)
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:overloaded")
    gate.set()
    assert (await asking).status == 200


@pytest.mark.parametrize("what", ["credentials", "token"])
async def test_nobody_is_served_beyond_the_end(what: str, aws: SharedAws, start: Started) -> None:
    """When the credentials end, the token is exchanged anew; when the token does, that is a 401."""
    service = await start(cache_ttl=600.0)
    if what == "credentials":
        aws.lifetime = 2.0
    given = aws.know(token("test", lifetime=2.0 if what == "token" else 3600.0), "test")
    assert (await service.ask(NAME, given)).status == 200
    callers = start.sidecars[0]._vault.callers  # type: ignore[union-attr]
    await until(lambda: not len(callers))
    aws.lifetime = 3600.0
    expected = {"credentials": (200, 2), "token": (401, 2)}[what]
    assert ((await service.ask(NAME, given)).status, len(aws.assumed)) == expected


async def test_a_stream_ends_with_its_credentials(aws: SharedAws, start: Started) -> None:
    """It would go on looking with what has ended; its client connects again, with the token of then."""
    service = await start()
    aws.lifetime = 2.0
    got = await service.ask("/v1/events?names=database-password", aws.know(token("test"), "test"))
    assert (got.status, b"event: version" in got.body) == (200, True)


async def test_credentials_that_were_revoked_are_replaced(
    aws: SharedAws, start: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the next request, which has the token again."""
    monkeypatch.setattr("secret_sidecar.vaults.exchange.caller_credentials.RENEWED_LATELY", 0.0)
    service = await start()
    given = aws.know(token("test"), "test")
    assert (await service.ask(NAME, given)).status == 200
    aws.keys.clear()
    got = await service.ask(NAME, given)
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:identity-unavailable")
    assert ((await service.ask(NAME, given)).status, len(aws.assumed)) == (200, 2)


async def test_who_has_gone_leaves_nothing(aws: SharedAws, start: Started) -> None:
    """Of thirty callers in turn, those beyond the limit are no longer in memory."""
    service = await start(shared_callers=2, cache_ttl=600.0)
    for number in range(30):
        assert (await service.ask(NAME, aws.know(token("test", number), "test"))).status == 200
    gc.collect()
    assert sum(isinstance(thing, Caller) for thing in gc.get_objects()) in {2, 3}


async def test_a_value_that_serves_no_more_leaves_the_memory(
    aws: SharedAws, start: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each caller's, though its caller does not come again and is not let go of either."""
    monkeypatch.setattr("secret_sidecar.reading.freshness.SWEEP", 0.01)
    for cache_ttl in (600.0, 0.3):
        service = await start(cache_ttl=cache_ttl)
        for namespace in ("test", "prod"):
            assert (await service.ask(NAME, aws.know(token(namespace), namespace))).status == 200
    for_long, shortly = (sidecar._vault for sidecar in start.sidecars)
    assert isinstance(shortly, Shared)
    await until(lambda: not shortly.total.bytes)
    assert len(shortly.callers) == 2
    gc.collect()
    assert "hunter2" in texts(for_long)  # the search finds what there is
    assert "hunter2" not in texts(shortly)


async def test_nobody_unknown_fills_the_memory(start: Started) -> None:
    """A body is read before its caller is known, so its limit is little above a batch's."""
    service = await start()
    got = await service.ask("/v1/secrets:batchGet", None, method="POST", body={"names": ["x" * (130 << 10)]})
    assert (got.status, got.json["type"]) == (413, "about:blank")
    got = await service.ask("/v1/secrets:batchGet", None, method="POST", body={"names": ["x" * (120 << 10)]})
    assert got.status == 401
