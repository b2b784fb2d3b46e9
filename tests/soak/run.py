"""One run: the vault, the sidecar, the callers, and what is measured meanwhile."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.aws import REGION, ROLE
from tests.free_port import free_port
from tests.soak import documented, instrumented_sidecar, verdict
from tests.soak.expected_state import ExpectedState, now
from tests.soak.fault_schedule import FaultSchedule
from tests.soak.http_client import Connection, NoAnswer, Request
from tests.soak.journal import Journal
from tests.soak.judge import Judge
from tests.soak.listeners import INTERVAL, Listeners
from tests.soak.mixed_traffic import MixedTraffic
from tests.soak.normal_traffic import Routes
from tests.soak.process import Process
from tests.soak.vault import Vault

SIDECAR = (sys.executable, "-P", instrumented_sidecar.__file__)
TIMEOUT = 2.0
"""SECRETS_TIMEOUT of the sidecar under test."""
GRACE = 2.0
"""Seconds beyond SECRETS_TIMEOUT that a caller waits for an answer."""
CALLERS = 24
LISTENERS = 2
PAUSE = 0.04
"""Seconds that a caller pauses between two requests, on average."""
LAG = 0.4
"""Seconds that this process itself may be late before that excuses a time-out."""
ROUND = 120.0
"""Seconds in which each outage happens once."""
SETTLE = 10.0
"""Seconds at the end in which file descriptors must return to what they were at the start."""


@dataclass
class Run:
    """The result of a run."""

    seed: int
    seconds: float
    judge: Judge
    journal: Journal
    process: Process
    routes: Routes
    lag: float = 0.0
    fds_idle: tuple[int, int] = (0, 0)
    """File descriptors before the load, and when all callers and the vault had gone."""

    @property
    def passed(self) -> bool:
        """Whether nothing was violated."""
        return not self.judge.counts


async def run(seconds: float, seed: int, command: Sequence[str] = SIDECAR) -> Run:
    """Load a sidecar for so many seconds and judge it; only loopback is used."""
    expected, journal = ExpectedState(seed), Journal()
    judge = Judge(expected, journal, documented.problems())
    vault_port, port, health_port, trap_port = (free_port() for _ in range(4))
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault(expected, journal, Path(folder) / "token", vault_port, f"http://127.0.0.1:{trap_port}")
        vault.rotate_token()
        trap = await asyncio.start_server(lambda _, writer: _trapped(journal, writer), "127.0.0.1", trap_port)
        await vault.open()
        variables = {
            "SECRETS_BACKEND": "aws",
            "SECRETS_NAMESPACE": "test",
            "SECRETS_POD_NAME": "app-1",
            "SECRETS_NAMES": "text-0,json-0",
            "SECRETS_PORT": str(port),
            "SECRETS_HEALTH_PORT": str(health_port),
            "SECRETS_TIMEOUT": str(TIMEOUT),
            "SECRETS_ACCESS": "read_write",
            "SECRETS_EVENTS_INTERVAL": str(INTERVAL),
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": vault.url,
            "AWS_ROLE_ARN": ROLE,
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(vault.token_file),
        }
        process = await Process.start(command, variables)
        result = Run(seed, seconds, judge, journal, process, Routes())
        try:
            await _until_ready(process, health_port)
            process.sample()
            result.routes = await _routes(port, health_port)
            await _load(result, vault, port, health_port)
            await vault.close()
            await _settled(result)
        finally:
            code = await process.end(TIMEOUT + GRACE + 5)
            await vault.close()
            trap.close()
        _judge_process(result, code)
    return result


async def _trapped(journal: Journal, writer: asyncio.StreamWriter) -> None:
    journal.breaches.append("a redirect was followed")
    writer.close()


async def _until_ready(process: Process, health_port: int) -> None:
    async with asyncio.timeout(60):
        while process.process.returncode is None:
            try:
                async with Connection.opened(health_port, GRACE) as connection:
                    answer = await connection.ask(Request("ready", "GET", "/readyz"))
            except (OSError, NoAnswer):
                pass
            else:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"the sidecar ended with {process.process.returncode}: {process.bad_lines}")


async def _routes(port: int, health_port: int) -> Routes:
    """Ask which routes there are: what is not there answers 404 or 405, or 400 for the parameter."""

    async def status(method: str, target: str, body: bytes = b"", at: int = port) -> int:
        headers = {"Content-Type": "application/json"} if body else {}
        for _ in range(20):  # a fault may be in the way
            async with Connection.opened(at, TIMEOUT + GRACE) as connection:
                answer = await connection.ask(Request("routes", method, target, headers, body))
            if answer.status < 429:
                break
        return answer.status

    return Routes(
        batch=await status("POST", "/v1/secrets:batchGet", json.dumps({"names": ["missing-0"]}).encode()) == 200,
        events=await status("HEAD", "/v1/events?names=text-0") == 200,
        selection=await status("GET", "/v1/secrets/text-0?stage=AWSCURRENT") == 200,
        declared=await status("GET", "/v1/secrets") == 200,
        metrics=await status("GET", "/metrics", at=health_port) == 200,
        writes=await status("PUT", "/v1/secrets/written-0", b"{}") == 400,
    )


async def _load(result: Run, vault: Vault, port: int, health_port: int) -> None:
    max_wait = TIMEOUT + GRACE
    callers = MixedTraffic(result.judge, port, max_wait, result.routes)
    schedule = FaultSchedule(vault, min(ROUND, result.seconds))
    works = [
        *(callers.run(PAUSE) for _ in range(CALLERS)),
        schedule.run(),
        _watch_health(result, health_port),
        _sample(result),
        _watch_lag(result),
    ]
    if result.routes.events:
        works += [Listeners(result.judge, port, max_wait).run() for _ in range(LISTENERS)]
    tasks = [asyncio.ensure_future(work) for work in works]
    died = asyncio.ensure_future(result.process.process.wait())
    done, _ = await asyncio.wait([*tasks, died], timeout=result.seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in (*tasks, died):
        task.cancel()
    await asyncio.gather(*tasks, died, return_exceptions=True)
    if died in done:
        result.judge.violation("ended", f"the process ended with {result.process.process.returncode}")
    for task in done - {died}:
        task.result()


async def _watch_health(result: Run, health_port: int) -> None:
    """Alive and ready all the time, whatever the vault does; and metrics that name no secret."""
    while True:
        for path in ("/healthz", "/readyz", *(["/metrics"] if result.routes.metrics else [])):
            request = Request(path, "GET", path)
            try:
                async with Connection.opened(health_port, GRACE) as connection:
                    answer = await connection.ask(request)
            except NoAnswer as error:
                result.judge.violation("no answer", str(error), request)
            else:
                result.judge.health(request, answer)
        await asyncio.sleep(1)


async def _sample(result: Run) -> None:
    while True:
        result.process.sample()
        await asyncio.sleep(min(1.0, result.seconds / 100))


async def _watch_lag(result: Run) -> None:
    """How late this process itself is: on a busy machine it is the harness that does not answer in time."""
    while True:
        before = now()
        await asyncio.sleep(0.05)
        lag = now() - before - 0.05
        result.lag = max(result.lag, lag)
        if lag > LAG:
            outage = result.journal.begin("lag", "the harness was late itself")
            outage.start, outage.end = before, now() + TIMEOUT


async def _settled(result: Run) -> None:
    """Without callers and without a vault the sidecar holds no more descriptors than when it had started."""
    before = result.process.samples[0].fds
    end = now() + SETTLE
    while result.process.process.returncode is None:
        result.process.sample()
        after = result.process.samples.pop().fds
        result.fds_idle = (before, after)
        if after <= before or now() > end:
            break
        await asyncio.sleep(0.1)


def _judge_process(result: Run, code: int | None) -> None:
    judge, process = result.judge, result.process
    if code != 0:
        judge.violation("ended", f"exit code {code} after SIGTERM, expected 0")
    for line in process.bad_lines:
        judge.violation("log", line[:2000])
    for breach in result.journal.breaches:
        judge.violation("breach", breach)
    if result.fds_idle[1] > result.fds_idle[0]:
        judge.violation("leak of descriptors", f"{result.fds_idle[0]} before the load, {result.fds_idle[1]} after it")
    memory, fds = verdict.memory_growth(process.samples), verdict.fd_growth(process.samples)
    allowed = verdict.allowed_kb(result.seconds)
    if memory > allowed:
        judge.violation("memory", f"grew by {memory:.0f} kB after warming up, expected at most {allowed}")
    if not process.in_use:
        judge.violation("memory in use", "the process did not answer SIGUSR1 with what it has in use")
    for what, held in verdict.in_use_growth(process.in_use).items():
        most = verdict.allowed_in_use(result.seconds)[what]
        if held > most:
            judge.violation("memory in use", f"{held:.0f} {what} more after warming up, expected at most {most}")
    allowed_fds = verdict.allowed_fds(result.seconds)
    if fds > allowed_fds:
        judge.violation("descriptors", f"grew by {fds:.1f} after warming up, expected at most {allowed_fds}")
