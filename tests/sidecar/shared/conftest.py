"""What the shared mode's tests share: an authority that is trusted, an issuer of tokens, and services that end."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from tests.fakes.aws_shared import SharedAws
from tests.fakes.issuer import Issuer
from tests.sidecar.shared.clouds import Cloud, environment_of
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.shared_service import HOST, Service, certificate_of, settings_of

CLOUD_HOSTS = ("*.vault.azure.net", "login.microsoftonline.com")
NOWHERE = Path("/nonexistent")


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """The cluster's issuer."""
    return Issuer()


@pytest.fixture(scope="session")
def forger() -> Issuer:
    """Somebody who signs in the cluster's name with a key of his own."""
    return Issuer()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Who signs certificates; it is trusted, and nothing of the developer's own set-up is."""
    for variable in list(os.environ):
        if variable.startswith(("GOOGLE_", "GCP_", "GCE_", "CLOUDSDK_", "AZURE_")):
            monkeypatch.delenv(variable)
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    return authority


@dataclass(frozen=True)
class Running:
    """A cloud, and a service in front of it."""

    cloud: Any
    service: Service
    sidecar: Sidecar
    trust: ssl.SSLContext


Launch = Callable[..., Awaitable[Running]]


@pytest.fixture
async def launch(authority: Authority, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Launch]:
    """Start clouds of some kind with a shared service in front of each; `more` are settings."""
    async with AsyncExitStack() as stack:

        async def launch(kind: Any, namespaces: tuple[str, ...] = ("test", "prod"), **more: Any) -> Running:
            cloud: Cloud = kind(namespaces, issuer, authority.server(HOST, others=CLOUD_HOSTS))
            await stack.enter_async_context(cloud.server)
            variables = {key: more.pop(key) for key in list(more) if key.isupper()}
            environment = {**environment_of(cloud, authority, tmp_path), **variables}
            settings = Settings.from_environment(environment, NOWHERE)
            sidecar = await stack.enter_async_context(Sidecar(replace(settings, port=0, health_port=0, **more)))
            trust = ssl.create_default_context(cafile=str(authority.bundle))
            return Running(cloud, Service(sidecar.port, trust), sidecar, trust)

        yield launch


@pytest.fixture
async def aws() -> AsyncIterator[SharedAws]:
    """A fake AWS with a secret of each namespace."""
    secrets: dict[str, str | bytes] = {f"{n}/database-password": f"hunter2-{n}" for n in ("test", "prod")}
    fake = SharedAws(secrets=secrets)
    async with fake:
        yield fake


class Started:
    """Starts services."""

    def __init__(self, aws: SharedAws, authority: Authority, folder: Path) -> None:
        self.aws, self.authority, self.folder = aws, authority, folder
        self.sidecars: list[Sidecar] = []

    async def __call__(self, **more: Any) -> Service:
        settings = settings_of(self.aws, certificate_of(self.authority, self.folder), **more)
        sidecar = await Sidecar(settings).__aenter__()
        self.sidecars.append(sidecar)
        return Service(sidecar.port, _trust(self.authority))


def _trust(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.bundle))


@pytest.fixture
async def start(aws: SharedAws, authority: Authority, tmp_path: Path) -> AsyncIterator[Started]:
    """Services that end with the test."""
    started = Started(aws, authority, tmp_path)
    yield started
    for sidecar in started.sidecars:
        await sidecar.__aexit__()
