"""The three servers that are measured, each started the same way and sent the same requests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.machine import on
from bench.parts import EXPECTED, PATH, Vault

NAMES = ("ours", "boto3", "floor")
LONGEST_START = 60.0
_VERSION = [str(part) for part in sys.version_info[:2]]
_REQUEST = f"GET {PATH % 0} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


@dataclass(frozen=True)
class Server:
    """A running server; `start_ms` is from exec to the first secret that it returned."""

    pid: int
    port: int
    start_ms: float


def command(name: str, folder: Path) -> list[str]:
    """Return what starts a server: ours is the whole sidecar, as the image starts it."""
    return {
        "ours": [interpreter(), "-P", "-m", "secret_sidecar"],
        "boto3": [interpreter(), "-m", "bench.plain"],
        "floor": [str(folder / "floor")],
    }[name]


@cache
def interpreter() -> str:
    """Return the distribution's Python, which is what the image ships, if it is of this version; else this one.

    It is built with profiles of its own use; one that was built without them is an eighth slower.
    """
    for path in ("/usr/bin/python3", sys.executable):
        with suppress(OSError):
            asked = [path, "-c", "import sys; print(*sys.version_info[:2])"]
            if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split() == _VERSION:
                return path
    return sys.executable


def environment(vault: Vault, port: int, health_port: int) -> dict[str, str]:
    """Return the one environment for all three: a role's credentials, with a session token that is signed too."""
    trust = {"AWS_CA_BUNDLE": str(vault.trust), "SSL_CERT_FILE": str(vault.trust)} if vault.trust else {}
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path and not path.startswith(sys.base_prefix)),
        "GOMAXPROCS": "1",
        "SECRETS_BACKEND": "aws",
        "SECRETS_NAMESPACE": "test",
        "SECRETS_PORT": str(port),
        "SECRETS_HEALTH_PORT": str(health_port),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "an-example-of-a-session-token-" * 20,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": vault.url,
        **trust,
    }


@contextmanager
def running(name: str, folder: Path, vault: Vault, core: int) -> Iterator[Server]:
    """Run a server on its core. Its log goes through a pipe to a reader, as in a container."""
    port, health_port = _free_ports()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as reader:
        with on(core):
            begun = time.monotonic()
            process = subprocess.Popen(
                command(name, folder),
                env=environment(vault, port, health_port),
                stdout=reader.stdin,
                cwd=Path(__file__).parent.parent,
            )
        with process:
            try:
                _wait(process, name, port, begun + LONGEST_START)
                yield Server(process.pid, port, (time.monotonic() - begun) * 1000)
            finally:
                process.terminate()
                process.wait()


def _wait(process: subprocess.Popen[bytes], name: str, port: int, until: float) -> None:
    """Return once the server has answered with the secret."""
    while time.monotonic() < until and process.poll() is None:
        if _answers(port):
            return
        time.sleep(0.001)  # there is nothing to wait on before it listens
    raise SystemExit(f"bench: {name} gave no secret in {LONGEST_START:g} s (exit code {process.poll()})")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(_REQUEST)
            answer = b""
            while part := connection.recv(65536):
                answer += part
            return EXPECTED.encode() in answer
    except OSError:
        return False


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
