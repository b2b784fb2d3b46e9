"""What the sidecar's tests share: the loop that the sidecar runs on, a fake AWS, and sidecars in front of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.aws.settings import AwsSettings
from secret_sidecar.vaults.aws.web_identity import WebIdentity
from secret_sidecar.vaults.identity.refreshing import Refreshing
from tests.fakes.aws import REGION, ROLE, STATIC_KEY, STATIC_SECRET, FakeAws

StartSidecar = Callable[..., Awaitable[Sidecar]]

AwsSource = Refreshing[Credentials]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the sidecar runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own AWS set-up reaches a test."""
    for variable in list(os.environ):
        if variable.startswith(("AWS_", "SECRETS_", "VAULT", "BAO_")) or variable.lower().endswith("_proxy"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


@pytest.fixture
async def aws() -> AsyncIterator[FakeAws]:
    """A fake AWS with one secret on each side."""
    secrets: dict[str, str | bytes] = {
        "test/database-password": "hunter2-test",
        "prod/database-password": "hunter2-prod",
        "test/key": b"\x00\x01\xfe\xff",
    }
    async with FakeAws(secrets=secrets) as fake:
        yield fake


@pytest.fixture
def static_settings(aws: FakeAws) -> Settings:
    """A sidecar of namespace test with a static key."""
    return Settings(
        backend="aws",
        namespace="test",
        prefix="test/",
        port=0,
        health_port=0,
        vault=AwsSettings(
            region=REGION, access_key_id=STATIC_KEY, secret_access_key=STATIC_SECRET, endpoint_url=Origin.parse(aws.url)
        ),
    )


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A projected token that the fake knows."""
    path = tmp_path / "token"
    path.write_text("token-1")
    return path


@pytest.fixture
def role_settings(aws: FakeAws, token_file: Path) -> Settings:
    """A sidecar of namespace test with a web identity."""
    return Settings(
        backend="aws",
        namespace="test",
        prefix="test/",
        pod_name="app-7d9f8c6b5-x2x4z",
        port=0,
        health_port=0,
        vault=AwsSettings(
            region=REGION, role_arn=ROLE, web_identity_token_file=token_file, endpoint_url=Origin.parse(aws.url)
        ),
    )


@pytest.fixture
async def start() -> AsyncIterator[StartSidecar]:
    """Start sidecars that end with the test."""
    async with AsyncExitStack() as stack:

        async def start(settings: Settings) -> Sidecar:
            return await stack.enter_async_context(Sidecar(settings))

        yield start


def soon() -> float:
    """A deadline that no test is meant to reach."""
    return asyncio.get_running_loop().time() + 60


@dataclass
class Clock:
    """Seconds since 1970, as the test wants them."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(aws: FakeAws) -> Clock:
    """One clock for the fake and for us."""
    clock = Clock()
    aws.clock = clock
    return clock


@pytest.fixture
def monotonic(clock: Clock) -> Clock:
    """The clock that nobody sets: here the same one, unless a test says otherwise."""
    return clock


@pytest.fixture
def source(
    aws: FakeAws, token_file: Path, clock: Clock, monotonic: Clock, monkeypatch: pytest.MonkeyPatch
) -> AwsSource:
    """A web identity at the fake, refreshed by the test's clock; the back-off waits its whole bound."""
    monkeypatch.setattr("random.random", lambda: 1.0)
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    web_identity = WebIdentity(Client(Origin.parse(aws.url)), ROLE, token_file, "test.app-1")
    return Refreshing(web_identity, 60, clock, monotonic)


def rewrite(path: Path, content: bytes | None) -> None:
    """Replace a file, or take it away."""
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
