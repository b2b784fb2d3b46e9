"""The sidecar as a process: how it starts, what it logs, how it ends."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import select
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar import listening
from secret_sidecar.settings import Settings
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.free_port import free_port
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask, send
from tests.sidecar.support.process import Process, running

pytestmark = pytest.mark.anyio


Run = Callable[..., Awaitable[Process]]


@pytest.fixture
async def run(aws: FakeAws, token_file: Path) -> AsyncIterator[Run]:
    """Run sidecars of namespace test at the fake AWS, with a web identity."""
    async with AsyncExitStack() as stack:

        async def run(**variables: str) -> Process:
            defaults = {
                "SECRETS_BACKEND": "aws",
                "SECRETS_NAMESPACE": "test",
                "SECRETS_POD_NAME": "app-1",
                "AWS_REGION": fake_aws.REGION,
                "AWS_ENDPOINT_URL": aws.url,
                "AWS_ROLE_ARN": fake_aws.ROLE,
                "AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file),
            }
            return await stack.enter_async_context(running({**defaults, **variables}))

        yield run


async def test_it_serves_and_ends(run: Run) -> None:
    """From the first line of the log to exit code 0, every line is JSON with time, level and message."""
    sidecar = await run()
    serving = await sidecar.until("serving")
    assert f"127.0.0.1 port {sidecar.port}" in serving["api"]
    await sidecar.until("ready")
    assert (await ask(sidecar.port, "/v1/secrets/database-password")).json["value"] == "hunter2-test"
    assert (await ask(sidecar.health_port, "/readyz")).status == 200
    await sidecar.until("audit")
    sidecar.process.terminate()
    assert await sidecar.end() == 0
    assert [line["message"] for line in sidecar.lines] == [
        "serving",
        "identity obtained",
        "ready",
        "audit",
        "stopping",
        "stopped",
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in sidecar.lines)
    assert {line["level"] for line in sidecar.lines} == {"info"}
    assert sidecar.lines[1]["identity"].endswith("assumed-role/test/test.app-1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_is_in_flight_is_answered_before_the_end(number: int, run: Run, aws: FakeAws) -> None:
    """The vault answers only after the signal, and the caller gets its value; nobody new is let in."""
    sidecar = await run()
    await sidecar.until("ready")
    held, arrived = asyncio.Event(), asyncio.Event()

    class Held(asyncio.Event):
        async def wait(self) -> Any:
            arrived.set()
            return await held.wait()

    aws.faults.append(Held())
    reading = asyncio.create_task(ask(sidecar.port, "/v1/secrets/database-password"))
    await arrived.wait()
    sidecar.process.send_signal(number)
    await sidecar.until("stopping")
    held.set()  # the held connection ends without an answer, and the sidecar asks again
    assert (await reading).json["value"] == "hunter2-test"
    assert await sidecar.end() == 0


async def test_no_core_dumps(run: Run) -> None:
    """A crash leaves no memory behind, which may hold secrets."""
    sidecar = await run()
    await sidecar.until("serving")
    limits = await asyncio.to_thread(Path(f"/proc/{sidecar.process.pid}/limits").read_text)
    assert re.search(r"Max core file size\s+0\s+0\s", limits)


async def test_secrets_are_in_no_log_line(run: Run, aws: FakeAws) -> None:
    """Neither values nor tokens nor keys, whatever goes wrong."""
    aws.secrets["test/odd"] = "s3cr3t-value"
    sidecar = await run(SECRETS_TIMEOUT="60")
    await sidecar.until("ready")
    half = (
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{"SecretString": "s3cr3t-value'
    )
    for fault in (half, fake_aws.Reply(200, b'{"SecretString": "s3cr3t-value"'), fake_aws.error("Odd", "s3cr3t-value")):
        aws.faults.append(fault)
        await ask(sidecar.port, "/v1/secrets/odd")
    sidecar.process.terminate()
    assert await sidecar.end() == 0
    log = json.dumps(sidecar.lines)
    for secret in ("s3cr3t-value", "hunter2", "token-1", "session-secret-1", "session-token-1"):
        assert secret not in log


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"SECRETS_BACKEND": "ibm"},
            b"secret-sidecar: SECRETS_BACKEND='ibm': expected one of aws, gcp, azure, vault, pass",
        ),
        ({"SECRETS_PORT": "taken"}, b"cannot listen on 127.0.0.1: "),
        ({"AWS_ENDPOINT_URL": "https://localhost:1", "AWS_CA_BUNDLE": "/none"}, b"AWS_CA_BUNDLE='/none': No such file"),
    ],
)
async def test_a_wrong_setting_ends_the_start(variables: dict[str, str], message: bytes, aws: FakeAws) -> None:
    """Exit code 2, one line on stderr, no traceback."""
    port, health_port = free_port(), free_port()
    environment = {
        "SECRETS_BACKEND": "aws",
        "AWS_REGION": fake_aws.REGION,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": fake_aws.STATIC_KEY,
        "AWS_SECRET_ACCESS_KEY": fake_aws.STATIC_SECRET,
        "SECRETS_PORT": str(port),
        "SECRETS_HEALTH_PORT": str(health_port),
        **variables,
    }
    if environment["SECRETS_PORT"] == "taken":
        environment["SECRETS_PORT"] = str(aws.port)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "secret_sidecar", env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert message in errors
    assert errors.count(b"\n") == 1


async def test_the_command_is_installed() -> None:
    """`secret-sidecar` is the same as `python -m secret_sidecar`."""
    command = Path(sys.executable).with_name("secret-sidecar")
    process = await asyncio.create_subprocess_exec(str(command), "--help", stdout=asyncio.subprocess.PIPE)
    shown, _ = await process.communicate()
    assert process.returncode == 0
    assert b"SECRETS_BACKEND or VAULTMUX_BACKEND" in shown


async def test_no_sdk_is_imported() -> None:
    """boto3 costs 25 MB; a web identity or static keys need none of it."""
    code = (
        "import sys, secret_sidecar.__main__, secret_sidecar.vaults.aws.store as s;"
        "unwanted = ('boto3', 'botocore', 'click', 'h11', 'uvicorn', 'websockets');"
        "print([m for m in sys.modules if m.partition('.')[0] in unwanted])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    shown, _ = await process.communicate()
    assert shown.strip() == b"[]"


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("127.0.0.1", "SECRETS_PORT"),
        ("::1", "SECRETS_PORT"),
        ("127.0.0.1", "SECRETS_HEALTH_PORT"),
        ("::1", "SECRETS_HEALTH_PORT"),
        ("::", "SECRETS_HEALTH_PORT"),
    ],
)
async def test_a_port_that_another_process_has_on_either_family_ends_the_start(
    host: str, variable: str, run: Run
) -> None:
    """Else whoever holds `[::1]` gets the tokens of those callers who resolve localhost to it."""
    try:
        other = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with other:
        sidecar = await run(**{variable: str(other.getsockname()[1])})
        assert await sidecar.end() == 2
    assert sidecar.lines == []


async def test_without_ipv6_the_api_is_on_ipv4_alone(
    monkeypatch: pytest.MonkeyPatch, start: StartSidecar, static_settings: Settings
) -> None:
    """Where the kernel knows no such family, or the network has no such address."""
    for number in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
        monkeypatch.setattr("secret_sidecar.listening._bound", _without_ipv6(listening._bound, number))
        sidecar = await start(static_settings)
        assert [address.partition(" ")[0] for address in sidecar.addresses] == ["127.0.0.1"]
        assert (await ask(sidecar.health_port, "/healthz")).status == 200
        monkeypatch.undo()


def test_the_kernel_keeps_little_for_each_connection() -> None:
    """What it keeps for callers who do not read is the container's memory; by itself it keeps megabytes for each."""
    with ExitStack() as ended:
        stack = AsyncExitStack()
        for listen in (listening.on_loopback, listening.on_every_address):
            for listener in listen(0, "SECRETS_PORT", stack):
                ended.callback(listener.close)
                host = "::1" if listener.family == socket.AF_INET6 else "127.0.0.1"
                caller = ended.enter_context(socket.create_connection((host, listener.getsockname()[1])))
                assert caller
                accepted = ended.enter_context(listener.accept()[0])
                # socket(7): the kernel doubles what it is told
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * listening.RECEIVED
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * listening.SENT
        stack.pop_all()


def _without_ipv6(bound: Callable[..., socket.socket], number: int) -> Callable[..., socket.socket]:
    def without(family: socket.AddressFamily, *rest: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(number, "no IPv6")
        return bound(family, *rest)

    return without


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_during_the_imports_ends_the_start(number: int, tmp_path: Path) -> None:
    """With exit code 0, as later: the first process of a container has no default action, and would go on."""
    (tmp_path / "uvloop.py").write_text("import signal\nprint('importing', flush=True)\nwhile True: signal.pause()\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "secret_sidecar",
        env={"PYTHONPATH": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readuntil(b"importing\n")
    process.send_signal(number)
    assert await process.communicate() == (b"", b"")
    assert process.returncode == 0


async def test_a_log_that_nobody_reads_stops_nothing(run: Run) -> None:
    """Neither reads nor health nor the end; the audit lines that are lost are counted, and no line is written by half.

    With the pipe full, what a sidecar has to say is kept up to a bound, and then lost.
    """
    sidecar = await run()
    await sidecar.until("ready")
    names = [f"database-password-{number}" for number in range(100)]
    lost = 0
    for _ in range(200):
        assert (await send(sidecar.port, "/v1/secrets:batchGet", {"names": names})).status == 200
        metrics = (await ask(sidecar.health_port, "/metrics")).body.decode()
        lost = int(re.findall(r"^secret_sidecar_audit_lines_lost_total (\d+)", metrics, re.MULTILINE)[0])
        if lost:
            break
    assert lost
    assert (await ask(sidecar.health_port, "/healthz")).status == 200
    assert sidecar.process.stdout is not None
    assert (await sidecar.until("log lines lost"))["lines"] >= lost
    sidecar.process.terminate()
    assert await sidecar.end() == 0


async def test_a_log_that_nobody_reads_does_not_hold_up_the_end(run: Run) -> None:
    """SIGTERM ends the sidecar while the pipe is full."""
    sidecar = await run()
    await sidecar.until("ready")
    names = [f"database-password-{number}" for number in range(100)]
    for _ in range(20):  # more than fits in a pipe, and in what the test's loop reads of one by itself
        assert (await send(sidecar.port, "/v1/secrets:batchGet", {"names": names})).status == 200
    sidecar.process.terminate()
    ended = os.pidfd_open(sidecar.process.pid)
    try:
        await asyncio.to_thread(select.select, [ended], [], [])
    finally:
        os.close(ended)
    assert sidecar.process.stdout is not None
    *lines, _ = (await sidecar.process.stdout.read()).split(b"\n")
    assert {json.loads(line)["message"] for line in lines} >= {"audit"}
    assert await sidecar.process.wait() == 0
