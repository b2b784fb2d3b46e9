"""The same of every cloud: who is who, whom it does not take, and what nobody is told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Any

import pytest

from secret_sidecar.retry import TRIES
from tests.fakes.issuer import Issuer
from tests.fakes.server import Fault, Reply
from tests.sidecar.shared.clouds import CLOUDS, SIGNED
from tests.sidecar.shared.conftest import Launch, Running
from tests.sidecar.support.caller import ask
from tests.sidecar.support.reachable import texts
from tests.sidecar.support.shared_service import HOST
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"
INVALID = 'Bearer realm="secret-sidecar", error="invalid_token"'
every = pytest.mark.parametrize("kind", CLOUDS.values(), ids=CLOUDS)
signed = pytest.mark.parametrize("kind", SIGNED.values(), ids=SIGNED)


@every
async def test_each_caller_reads_as_itself(kind: Any, launch: Launch) -> None:
    """Its own secrets, and none of the others'; each token is exchanged once."""
    running = await launch(kind)
    tokens = {namespace: running.cloud.token(namespace) for namespace in ("test", "prod")}
    for _ in range(2):
        for namespace, other in (("test", "prod"), ("prod", "test")):
            got = await running.service.ask(NAME, tokens[namespace])
            assert (got.status, got.json["value"]) == (200, f"{namespace}-0"), got.body
            got = await running.service.ask(f"/v1/secrets/{other}/database-password", tokens[namespace])
            assert (got.status, got.json["type"]) == (403, "urn:secret-access:problem:denied")
            assert got.json["identity"].endswith(running.cloud.identity(namespace))
            assert got.json["code"]
    assert running.cloud.exchanges == 2


async def matrix(running: Running, number: int) -> dict[str, int]:
    """Who gets what of whose."""
    seen: dict[str, int] = {}
    for namespace in ("test", "prod"):
        given = running.cloud.token(namespace, number)
        for other in ("test", "prod"):
            got = await running.service.ask(f"/v1/secrets/{other}/database-password", given)
            seen[f"{namespace} reads {other}"] = got.status
    return seen


@signed
async def test_a_policy_that_is_wider_turns_its_cell(kind: Any, launch: Launch) -> None:
    """And no other: only the cloud's policy refused, and the matrix shows it."""
    running = await launch(kind)
    strict = {"test reads test": 200, "test reads prod": 403, "prod reads test": 403, "prod reads prod": 200}
    assert await matrix(running, 1) == strict
    running.cloud.widen("test")
    for number in (1, 2):
        assert await matrix(running, number) == {**strict, "test reads prod": 200}


WRONG = {
    "signed by somebody else": ("forger", {"gcp": "invalid_grant", "azure": "AADSTS700027"}),
    "of another issuer": ({"issuer": "https://other/"}, {"gcp": "invalid_grant", "azure": "AADSTS700211"}),
    "meant for others": ({"audience": "vault"}, {"gcp": "invalid_grant", "azure": "AADSTS700212"}),
    "not valid yet": ({"nbf": time.time() + 3600}, {"gcp": "invalid_grant", "azure": "AADSTS700024"}),
    "expired": ({"lifetime": -1000}, {}),
}


@signed
@pytest.mark.parametrize(("how", "codes"), WRONG.values(), ids=WRONG)
async def test_a_wrong_token_beside_a_right_one(
    how: Any, codes: dict[str, str], kind: Any, launch: Launch, forger: Issuer
) -> None:
    """One pod's tokens, of which the cloud accepts only the right one, in any order; its code says why."""
    running = await launch(kind, SECRETS_CACHE_TTL="600")
    right = running.cloud.token("test")
    wrong = running.cloud.token("test", **({"signer": forger} if how == "forger" else how))
    for given in (wrong, right, wrong):
        got = await running.service.ask(NAME, given)
        if given == right:
            assert (got.status, got.json["value"]) == (200, "test-0")
        else:
            assert (got.status, got.headers["www-authenticate"]) == (401, INVALID)
            assert got.json.get("code") == codes.get(running.sidecar._settings.backend)
    assert running.cloud.exchanges == (2 if codes else 1)
    both = await asyncio.gather(*(running.service.ask(NAME, given) for given in (wrong, right) * 8))
    assert [got.status for got in both] == [401, 200] * 8


@signed
async def test_credentials_that_end_are_exchanged_anew(kind: Any, launch: Launch) -> None:
    """By the next request; until then no cached value outlives them."""
    running = await launch(kind, SECRETS_CACHE_TTL="600")
    running.cloud.fake.lifetime = 1
    given = running.cloud.token("test")
    assert (await running.service.ask(NAME, given)).status == 200
    await until(lambda: not len(running.sidecar._vault.callers))  # type: ignore[union-attr]
    assert (await running.service.ask(NAME, given)).status == 200
    assert running.cloud.exchanges == 2


@signed
async def test_what_passes_is_tried_again(kind: Any, launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange and the read, each by itself."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    running = await launch(kind)
    await running.sidecar.readiness.wait()
    running.cloud.fake.server.faults.extend([None, Reply(b"", 503), Reply(b"", 429)])
    assert (await running.service.ask(NAME, running.cloud.token("test"))).status == 200
    assert running.cloud.exchanges == 4


@signed
async def test_an_exchange_that_hangs_ends_with_the_deadline(kind: Any, launch: Launch) -> None:
    """As a 503 with no word of the token being bad: every attempt hangs, and a passing fault before that is over."""
    running = await launch(kind, SECRETS_TIMEOUT="0.5")
    await running.sidecar.readiness.wait()
    hangs: list[Fault] = [asyncio.Event()] * TRIES
    busy: list[Fault] = [Reply(b"", 503)]
    for number, faults in enumerate((hangs, busy + hangs)):
        running.cloud.fake.server.faults = deque(faults)
        began = time.monotonic()
        got = await running.service.ask(NAME, running.cloud.token("test", number))
        assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:identity-unavailable")
        assert "no answer from" in got.json["detail"]
        assert time.monotonic() - began < 10


@every
async def test_tokens_are_kept_and_told_nowhere(
    kind: Any, launch: Launch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither of those admitted nor of those refused: not in memory, the log, the audit trail, metrics or answers."""
    caplog.set_level(logging.DEBUG)
    running = await launch(kind, SECRETS_METRICS_NAMES="true")
    good, bad = running.cloud.token("test"), f"{running.cloud.token('prod')[:-8]}AAAAAAAA"
    answers = [await running.service.ask(NAME, given) for given in (good, bad, good)]
    assert [got.status for got in answers] == [200, 401, 200]
    shown = [answers[1].body.decode()]
    shown.append((await ask(running.sidecar.health_port, "/metrics")).body.decode())
    held = texts(running.sidecar)
    assert running.cloud.access() in held  # the search finds what there is
    shown.append(repr(running.sidecar._settings))
    await running.sidecar.__aexit__()
    out = capsys.readouterr()
    shown += [out.out, out.err, "".join(f"{vars(record)}" for record in caplog.records)]
    for given in (good, bad):
        for piece in given.split(".")[1:]:
            assert piece not in held
            assert not any(piece in text for text in shown)
    assert not any("test-0" in text or running.cloud.access() in text for text in shown)


@every
async def test_ready_once_the_vault_answers_anybody(kind: Any, launch: Launch) -> None:
    """There is no identity to check, and no token is sent."""
    running = await launch(kind)
    async with asyncio.timeout(30):
        await running.sidecar.readiness.wait()
    assert running.cloud.exchanges == 0
    assert (await ask(running.sidecar.health_port, "/readyz", host=HOST)).status == 200
