"""Nothing crosses callers: each answer under load is checked against the rights of who asked, and so is the check."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from secret_sidecar.shared.callers import Callers
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.store import Store
from tests.sidecar.shared.clouds import CLOUDS, SECRET, SIGNED, AwsCloud, Cloud
from tests.sidecar.shared.conftest import Launch, Running
from tests.sidecar.support.caller import Got
from tests.sidecar.support.shared_service import HOST, Service

pytestmark = pytest.mark.anyio

NAMESPACES = ("blue", "green", "red")
LOOKING: dict[str, Any] = {"events_interval": 0.05}

clouds = pytest.mark.parametrize("kind", CLOUDS.values(), ids=CLOUDS)


@dataclass
class Watcher:
    """One caller, and what of its answers was not its own."""

    namespace: str
    number: int
    token: str
    identity: str
    wrong: list[str] = field(default_factory=list)
    answers: int = 0

    @classmethod
    def of(cls, cloud: Cloud, namespace: str, number: int) -> Watcher:
        """A caller of a cloud."""
        return cls(namespace, number, cloud.token(namespace, number), cloud.identity(namespace, number))

    def check(self, of: str, got: Got) -> None:
        """Look whether an answer about a namespace's secret is what this caller may have."""
        self.answers += 1
        document = got.json
        if of == self.namespace:
            right = (
                got.status == 200 and document["name"] == f"{of}/{SECRET}" and document["value"].startswith(f"{of}-")
            )
        else:
            right = got.status == 403 and document["identity"].endswith(self.identity)
        if not right:
            self.wrong.append(f"{self.namespace} asked for {of}: {got.status} {document}")

    def check_batch(self, got: Got) -> None:
        """Look at a batch of all namespaces' secrets."""
        self.answers += 1
        read = [secret["name"] for secret in got.json.get("secrets", [])]
        refused = [error["name"] for error in got.json.get("errors", []) if error["status"] == 403]
        others = [f"{namespace}/{SECRET}" for namespace in NAMESPACES if namespace != self.namespace]
        if (read, sorted(refused)) != ([f"{self.namespace}/{SECRET}"], sorted(others)):
            self.wrong.append(f"{self.namespace} asked for all: {got.body!r}")

    def check_event(self, kind: str, data: dict[str, Any], known: dict[str, set[str]]) -> None:
        """Look at an event: of its own namespace a version that there was, of others that it may not look."""
        self.answers += 1
        own = data["name"] == f"{self.namespace}/{SECRET}"
        if own and not (kind == "version" and data["version"] in known[data["name"]]):
            self.wrong.append(f"{self.namespace} was told {data}")
        if not own and not (kind == "problem" and data["identity"].endswith(self.identity)):
            self.wrong.append(f"{self.namespace} was told {data}")


async def listen(caller: Watcher, service: Service, known: dict[str, set[str]], told: asyncio.Event) -> None:
    """Check a stream's events for all namespaces until it ends."""
    reader, writer = await asyncio.open_connection(HOST, service.port, ssl=service.trust, server_hostname=HOST)
    names = ",".join(f"{namespace}/{SECRET}" for namespace in NAMESPACES)
    head = f"GET /v1/events?names={names} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {caller.token}\r\n\r\n"
    writer.write(head.encode())
    kind, count = "", 0
    try:
        while line := await reader.readline():
            if line.startswith(b"event: "):
                kind = line.decode().removeprefix("event: ").strip()
            if line.startswith(b"data: "):
                caller.check_event(kind, json.loads(line.removeprefix(b"data: ")), known)
                count += 1
                if count >= len(NAMESPACES):
                    told.set()
    finally:
        writer.close()


async def under_load(running: Running, seed: int, *, callers: int = 2) -> list[Watcher]:
    """Let callers of all namespaces ask for each other's secrets, while these change; return what they saw."""
    cloud, service = running.cloud, running.service
    chance = random.Random(seed)
    watchers = [Watcher.of(cloud, n, number) for n in NAMESPACES for number in range(1, callers + 1)]
    known = {f"{n}/{SECRET}": {cloud.put(f"{n}/{SECRET}", f"{n}-0")} for n in NAMESPACES}
    told = [asyncio.Event() for _ in watchers]
    streams = [asyncio.create_task(listen(w, service, known, t)) for w, t in zip(watchers, told, strict=True)]

    async def ask(caller: Watcher) -> None:
        kind = chance.randrange(4)
        if kind == 0:
            caller.check(caller.namespace, await service.ask(f"/v1/secrets/{SECRET}", caller.token))
        elif kind == 1:
            names = [f"{namespace}/{SECRET}" for namespace in chance.sample(NAMESPACES, len(NAMESPACES))]
            body = {"names": names}
            caller.check_batch(await service.ask("/v1/secrets:batchGet", caller.token, method="POST", body=body))
        else:
            other = chance.choice(NAMESPACES)
            caller.check(other, await service.ask(f"/v1/secrets/{other}/{SECRET}", caller.token))

    for round_ in range(8):
        await asyncio.gather(*(ask(chance.choice(watchers)) for _ in range(24)))
        changed = f"{chance.choice(NAMESPACES)}/{SECRET}"
        known[changed].add(cloud.put(changed, f"{changed.partition('/')[0]}-{round_}"))
    await asyncio.gather(*(asyncio.wait_for(event.wait(), 30) for event in told))
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    return watchers


HOW: dict[str, dict[str, Any]] = {
    "no cache": {},
    "cache": {"cache_ttl": 600.0},
    "stale": {"cache_ttl": 0.02, "stale_if_error": 600.0},
    "as many as may": {"shared_callers": 6, "cache_ttl": 600.0},
}
RUNS: list[tuple[Any, str, int]] = [(AwsCloud, how, seed) for how in HOW for seed in range(3)]
RUNS += [(kind, how, 0) for kind in SIGNED.values() for how in ("no cache", "as many as may")]


@pytest.mark.parametrize(("kind", "how", "seed"), RUNS)
async def test_each_answer_is_its_callers_own(
    kind: Any, how: str, seed: int, launch: Launch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reads, batches and events of six callers at a time; the trail says the same."""
    running = await launch(kind, NAMESPACES, **LOOKING, **HOW[how])
    watchers = await under_load(running, seed)
    assert [wrong for watcher in watchers for wrong in watcher.wrong] == []
    assert sum(watcher.answers for watcher in watchers) > 192
    await running.sidecar.__aexit__()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"audit"' in line]
    assert len(lines) > 192
    for line in lines:
        namespace = line["caller"].split(":")[2]
        own = [watcher.identity for watcher in watchers if watcher.namespace == namespace]
        assert line["identity"].endswith(tuple(own))
        assert (line["status"] == 200) == line["name"].startswith(f"{namespace}/")


@clouds
async def test_callers_that_come_and_go_stay_apart(kind: Any, launch: Launch) -> None:
    """With a limit below their number, each read is its caller's own, or a 503."""
    running = await launch(kind, NAMESPACES, shared_callers=3, cache_ttl=600.0)
    watchers = [Watcher.of(running.cloud, n, number) for n in NAMESPACES for number in range(3)]
    chance = random.Random(1)

    async def ask(caller: Watcher) -> None:
        other = chance.choice(NAMESPACES)
        got = await running.service.ask(f"/v1/secrets/{other}/{SECRET}", caller.token)
        if got.status != 503:
            caller.check(other, got)
        assert len(running.sidecar._vault.callers) <= 3  # type: ignore[union-attr]

    for _ in range(20):
        await asyncio.gather(*(ask(chance.choice(watchers)) for _ in range(4)))
    assert [wrong for watcher in watchers for wrong in watcher.wrong] == []
    assert running.cloud.exchanges > len(watchers)


async def one_store(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break it: everybody gets the store of who came first."""
    real = kind.backend.open
    stores: list[Store] = []

    async def opened(self: Any, token: str, claims: Claims, deadline: float) -> Store:
        if not stores:
            stores.append(await real(self, token, claims, deadline))
        return stores[0]

    monkeypatch.setattr(kind.backend, "open", opened)


async def by_claims(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break it: callers are told apart by no more than whether they are of namespace green."""
    real = Callers.enter

    async def entered(self: Callers, token: bytes, peer: str) -> Any:
        for caller in self:
            if caller.claims.namespace != "green":
                caller.users += 1
                return caller
        return await real(self, token, peer)

    monkeypatch.setattr(Callers, "enter", entered)


@pytest.mark.parametrize(("kind", "broken"), [(AwsCloud, by_claims), *((kind, one_store) for kind in CLOUDS.values())])
async def test_a_service_that_mixes_callers_up_is_found_out(
    kind: Any, broken: Any, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above fails here, so it can fail."""
    await broken(kind, monkeypatch)
    running = await launch(kind, NAMESPACES, **LOOKING)
    watchers = await under_load(running, 0)
    assert [wrong for watcher in watchers for wrong in watcher.wrong] != []
