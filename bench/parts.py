"""The compiled parts: building them, the fake vault and the load."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "go"
EXPECTED = "a-password-of-32-characters-long"
PATH = "/v1/secrets/test/database-password-%d"


@dataclass(frozen=True)
class Vault:
    """A running fake vault: its URL, and the certificate that clients must trust."""

    url: str
    trust: Path | None


@dataclass(frozen=True)
class Load:
    """The result of one round of load."""

    requests: int
    wrong: int
    rps: float
    p50_ms: float
    p99_ms: float


def build(folder: Path) -> None:
    """Build vault, floor and load into a folder; from the standard library alone, so nothing is downloaded."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-trimpath", "GOWORK": "off"}
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", f"{folder}/", "./..."], cwd=SOURCES, env=environment, check=True)


@contextmanager
def vault(folder: Path, *, delay_ms: int, tls: bool) -> Iterator[Vault]:
    """Run a fake vault on loopback."""
    trust = folder / "trust.pem" if tls else None
    command = [str(folder / "vault"), f"-delay={delay_ms}ms", *([f"-trust={trust}"] if trust else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"GOMAXPROCS": "1"}) as process:
        try:
            assert process.stdout is not None  # noqa: S101
            port = int(process.stdout.readline())
            yield Vault(f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}", trust)
        finally:
            process.kill()


def load(folder: Path, port: int, connections: int, seconds: float) -> Load:
    """Load a server over so many connections, each with its own secret, and return the result."""
    command = [
        str(folder / "load"),
        f"-address=127.0.0.1:{port}",
        f"-path={PATH}",
        f"-expect={EXPECTED}",
        f"-connections={connections}",
        f"-seconds={seconds}",
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env={"GOMAXPROCS": "1"})
    return Load(**json.loads(done.stdout))
