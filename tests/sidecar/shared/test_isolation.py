"""Nothing crosses callers: each answer under load is checked against the rights of who asked, and so is the check."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar.aws.shared import AwsBackend
from secret_sidecar.aws.store import AwsStore
from secret_sidecar.server import Sidecar
from secret_sidecar.shared.callers import Callers
from secret_sidecar.shared.token import Claims
from tests.sidecar.caller import Got
from tests.sidecar.certificates import Authority
from tests.sidecar.shared_service import HOST, Service, SharedAws, certificate_of, settings_of, token

pytestmark = pytest.mark.anyio

NAMESPACES = ("blue", "green", "red")
NAME = "database-password"


@dataclass
class Watcher:
    """One caller, and what of its answers was not its own."""

    namespace: str
    number: int
    token: str
    wrong: list[str] = field(default_factory=list)
    answers: int = 0

    @property
    def session(self) -> str:
        """Its session at AWS: two callers of one namespace have different ones."""
        return f"{self.namespace}.app-{self.number}"

    def check(self, of: str, got: Got) -> None:
        """Look whether an answer about a namespace's secret is what this caller may have."""
        self.answers += 1
        document = got.json
        if of == self.namespace:
            right = got.status == 200 and document["name"] == f"{of}/{NAME}" and document["value"].startswith(f"{of}-")
        else:
            right = got.status == 403 and document["identity"].endswith(f"/{self.session}")
        if not right:
            self.wrong.append(f"{self.session} asked for {of}: {got.status} {document}")

    def check_batch(self, got: Got) -> None:
        """Look at a batch of all namespaces' secrets."""
        self.answers += 1
        read = [secret["name"] for secret in got.json.get("secrets", [])]
        refused = [error["name"] for error in got.json.get("errors", []) if error["status"] == 403]
        others = [f"{namespace}/{NAME}" for namespace in NAMESPACES if namespace != self.namespace]
        if (read, sorted(refused)) != ([f"{self.namespace}/{NAME}"], sorted(others)):
            self.wrong.append(f"{self.session} asked for all: {got.body!r}")

    def check_event(self, kind: str, data: dict[str, Any], known: dict[str, set[str]]) -> None:
        """Look at an event: of its own namespace a version that there was, of others that it may not look."""
        self.answers += 1
        own = data["name"] == f"{self.namespace}/{NAME}"
        if own and not (kind == "version" and data["version"] in known[data["name"]]):
            self.wrong.append(f"{self.session} was told {data}")
        if not own and not (kind == "problem" and data["identity"].endswith(f"/{self.session}")):
            self.wrong.append(f"{self.session} was told {data}")


@asynccontextmanager
async def service(folder: Path, **more: Any) -> AsyncIterator[tuple[SharedAws, Service, Sidecar]]:
    """A service in front of a fake with a secret of each namespace."""
    authority = Authority(folder)
    aws = SharedAws(secrets={f"{n}/{NAME}": f"{n}-0" for n in NAMESPACES})
    async with aws:
        settings = settings_of(aws, certificate_of(authority, folder), events_interval=0.05, **more)
        async with Sidecar(settings) as sidecar:
            yield aws, Service(sidecar.port, ssl.create_default_context(cafile=str(authority.bundle))), sidecar


async def listen(caller: Watcher, service: Service, known: dict[str, set[str]], told: asyncio.Event) -> None:
    """Check a stream's events for all namespaces until it ends."""
    reader, writer = await asyncio.open_connection(HOST, service.port, ssl=service.trust, server_hostname=HOST)
    names = ",".join(f"{namespace}/{NAME}" for namespace in NAMESPACES)
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


async def under_load(aws: SharedAws, service: Service, seed: int, *, callers: int = 2) -> list[Watcher]:
    """Let callers of all namespaces ask for each other's secrets, while these change; return what they saw."""
    chance = random.Random(seed)  # noqa: S311
    watchers = [
        Watcher(n, number, aws.know(token(n, number), n)) for n in NAMESPACES for number in range(1, callers + 1)
    ]
    known = {f"{n}/{NAME}": {"version-1"} for n in NAMESPACES}
    told = [asyncio.Event() for _ in watchers]
    streams = [asyncio.create_task(listen(w, service, known, t)) for w, t in zip(watchers, told, strict=True)]

    async def ask(caller: Watcher) -> None:
        kind = chance.randrange(4)
        if kind == 0:
            caller.check(caller.namespace, await service.ask(f"/v1/secrets/{NAME}", caller.token))
        elif kind == 1:
            names = [f"{namespace}/{NAME}" for namespace in chance.sample(NAMESPACES, len(NAMESPACES))]
            body = {"names": names}
            caller.check_batch(await service.ask("/v1/secrets:batchGet", caller.token, method="POST", body=body))
        else:
            other = chance.choice(NAMESPACES)
            caller.check(other, await service.ask(f"/v1/secrets/{other}/{NAME}", caller.token))

    for round_ in range(8):
        await asyncio.gather(*(ask(chance.choice(watchers)) for _ in range(24)))
        changed = f"{chance.choice(NAMESPACES)}/{NAME}"
        version = f"version-{seed}-{round_}"
        known[changed].add(version)
        aws.put(changed, f"{changed.partition('/')[0]}-{round_}", version)
    await asyncio.gather(*(asyncio.wait_for(event.wait(), 30) for event in told))
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    return watchers


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "more",
    [{}, {"cache_ttl": 600.0}, {"cache_ttl": 0.02, "stale_if_error": 600.0}, {"shared_callers": 6, "cache_ttl": 600.0}],
    ids=["no cache", "cache", "stale", "as many as may"],
)
async def test_each_answer_is_its_callers_own(
    more: dict[str, Any], seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reads, batches and events of six callers at a time; the trail says the same."""
    async with service(tmp_path, **more) as (aws, shared, _):
        watchers = await under_load(aws, shared, seed)
    assert [wrong for watcher in watchers for wrong in watcher.wrong] == []
    assert sum(watcher.answers for watcher in watchers) > 192
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"audit"' in line]
    assert len(lines) > 192
    for line in lines:
        namespace = line["caller"].split(":")[2]
        assert line["identity"].rpartition("/")[2].startswith(f"{namespace}.")
        assert (line["status"] == 200) == line["name"].startswith(f"{namespace}/")


async def test_callers_that_come_and_go_stay_apart(tmp_path: Path) -> None:
    """With room for fewer than there are, each read is its caller's own, or says that there is no room."""
    async with service(tmp_path, shared_callers=3, cache_ttl=600.0) as (aws, shared, sidecar):
        watchers = [Watcher(n, number, aws.know(token(n, number), n)) for n in NAMESPACES for number in range(3)]
        chance = random.Random(1)  # noqa: S311

        async def ask(caller: Watcher) -> None:
            other = chance.choice(NAMESPACES)
            got = await shared.ask(f"/v1/secrets/{other}/{NAME}", caller.token)
            if got.status != 503:
                caller.check(other, got)
            assert len(sidecar._vault.callers) <= 3  # type: ignore[union-attr]

        for _ in range(20):
            await asyncio.gather(*(ask(chance.choice(watchers)) for _ in range(4)))
        assert [wrong for watcher in watchers for wrong in watcher.wrong] == []
        assert len(aws.assumed) > len(watchers)


async def one_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break it: everybody gets the store of who came first."""
    real = AwsBackend.open
    stores: list[AwsStore] = []

    async def opened(self: AwsBackend, token: str, claims: Claims, deadline: float) -> AwsStore:
        if not stores:
            stores.append(await real(self, token, claims, deadline))
        return stores[0]

    monkeypatch.setattr(AwsBackend, "open", opened)


async def by_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break it: callers are told apart by no more than whether they are of namespace green."""
    real = Callers.enter

    async def entered(self: Callers, token: bytes, peer: str) -> Any:
        for caller in self:
            if caller.claims.namespace != "green":
                caller.users += 1
                return caller
        return await real(self, token, peer)

    monkeypatch.setattr(Callers, "enter", entered)


@pytest.mark.parametrize("broken", [one_store, by_claims])
async def test_a_service_that_mixes_callers_up_is_found_out(
    broken: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above is no check unless it fails here."""
    await broken(monkeypatch)
    async with service(tmp_path) as (aws, shared, _):
        watchers = await under_load(aws, shared, 0)
    assert [wrong for watcher in watchers for wrong in watcher.wrong] != []
