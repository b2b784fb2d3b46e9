"""Ctrl-C while `make up` deploys: what is under way is recorded, no lock stays, and the next `up` goes on."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.progress import wait_for
from tests.integration.real_parts import MiniStack, Stack

ROOT = Path(__file__).parents[2]
HELD = 1.5
"""Seconds after the signal: longer than Python's subprocess.run would give an interrupted child, which is 0.25."""
PROGRAM = """
import pulumi, pulumi_aws as aws

url = "{url}"
provider = aws.Provider(
    "aws", region="us-east-1", access_key="111122223333", secret_key="test",
    endpoints=[aws.ProviderEndpointArgs(iam=url, sts=url)],
)
trust = '{{"Version": "2012-10-17", "Statement": []}}'
aws.iam.Role("interrupted", name="{name}", assume_role_policy=trust, opts=pulumi.ResourceOptions(provider=provider))
"""
UP = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from local import config, interrupts
from local.stacks import Pulumi

folder = Path(sys.argv[1])
config.ROOT = config.STATE = config.LOGS = folder
config.PULUMI_BACKEND = folder / "state"
interrupts.forward_sigint()
try:
    if sys.argv[2] == "main":
        Pulumi(Path(sys.argv[3])).up("only")
    else:
        with ThreadPoolExecutor() as pool:
            list(pool.map(Pulumi(Path(sys.argv[3])).up, ["only"]))
except KeyboardInterrupt:
    sys.exit(130)
"""


def locks(stack: Stack) -> list[Path]:
    return [path for path in (stack.folder / "state" / ".pulumi" / "locks").rglob("*") if path.is_file()]


def up(stack: Stack, thread: str, tools: Path) -> subprocess.Popen[str]:
    """`Pulumi.up` in a process group of its own, as `make up` has in a terminal."""
    command = [sys.executable, "-c", UP, str(stack.folder), thread, str(tools)]
    env = {**stack.env, "PYTHONPATH": str(ROOT), "NO_PROXY": "*", "no_proxy": "*"}
    return subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0
    )


class SlowAws:
    """MiniStack behind a line that holds the first role to be made, so that it is under way when Ctrl-C comes."""

    def __init__(self, ministack: MiniStack) -> None:
        self.made = threading.Event()
        """The first role was asked for, and is not made yet."""
        self.signalled = threading.Event()
        """Set by the test once the signal is sent."""
        slow, target = self, ministack.url

        class Line(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if b"Action=CreateRole" in body and not slow.made.is_set():
                    slow.made.set()
                    slow.signalled.wait()
                    time.sleep(HELD)
                line = http.client.HTTPConnection(target.removeprefix("http://"))
                line.request("POST", self.path, body, dict(self.headers))
                content = line.getresponse().read()
                line.close()
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing on standard error."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def slow(ministack: MiniStack) -> Iterator[SlowAws]:
    aws = SlowAws(ministack)
    threading.Thread(target=aws.server.serve_forever).start()
    yield aws
    aws.signalled.set()
    aws.server.shutdown()
    aws.server.server_close()


def deploying(stack: Stack, slow: SlowAws, name: str, tools: Path) -> subprocess.Popen[str]:
    """An `up` that is making a role; in the main thread or in a worker, as `make up` does both."""
    stack.program(PROGRAM.format(url=slow.url, name=name))
    running = up(stack, name, tools)
    wait_for("the role", slow.made.is_set, still_possible=lambda: None if running.poll() is None else "it ended")
    assert locks(stack)
    return running


@pytest.mark.parametrize("thread", ["main", "worker"])
def test_an_interrupt_leaves_no_lock_and_the_next_up_goes_on(
    thread: str, stack: Stack, slow: SlowAws, tools: Path
) -> None:
    """The terminal tells the whole group; pulumi hears of it once, and ends when what it has begun is recorded."""
    running = deploying(stack, slow, thread, tools)
    os.killpg(running.pid, signal.SIGINT)
    slow.signalled.set()
    printed = running.communicate()[0]
    assert running.returncode == 130, printed
    assert locks(stack) == []
    assert stack.state()["interrupted"]["id"] == thread

    again = up(stack, thread, tools)
    printed = again.communicate()[0]
    assert again.returncode == 0, printed
    stack.pulumi("destroy", "--yes")


def test_a_pulumi_that_was_killed_does_not_keep_the_next_up_out(
    stack: Stack, slow: SlowAws, ministack: MiniStack, tools: Path
) -> None:
    """Two Ctrl-C, or worse: its lock is the lock of nobody. What it was making it could not record."""
    running = deploying(stack, slow, "main", tools)
    (lock,) = [path for path in locks(stack) if path.suffix == ".json"]
    os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)
    slow.signalled.set()
    assert running.wait() != 0
    running.communicate()
    assert lock.exists()
    wait_for("the role that nobody waits for", lambda: ministack.client("iam").list_roles()["Roles"])
    ministack.client("iam").delete_role(RoleName="main")

    again = up(stack, "main", tools)
    printed = again.communicate()[0]
    assert again.returncode == 0, printed
    assert f"removed the lock of a pulumi that was killed: {lock}" in printed
    stack.pulumi("destroy", "--yes")
