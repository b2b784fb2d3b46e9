"""The laptop's Google Cloud on a server of the test's, with its owner's token and its trail."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest

from local import config, host
from local.google import account
from local.google.project import Project
from local.google.server import Server, new_project
from local.issuer_keys import IssuerKeys
from local.trail import TrailFile
from tests.fakes.issuer import Issuer


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    project: Project
    trail: TrailFile
    url: str


class Keys(IssuerKeys):
    """The keys of one issuer, as a cloud fetches them."""

    def __init__(self, issuer: Issuer) -> None:  # needs no certificate of theirs
        self._issuer = issuer

    def key(self, issuer: str, _token: str) -> jwt.PyJWK:
        """The issuer's only key."""
        if issuer != self._issuer.url:
            raise OSError("no such host")
        return jwt.PyJWKSet.from_dict(self._issuer.jwks).keys[0]


@contextmanager
def running(folder: Path, issuer: Issuer) -> Iterator[Running]:
    """Serve in a thread; `local.google.account` is its owner meanwhile."""
    project = new_project(folder / "owner-token", Keys(issuer))
    trail = TrailFile(folder / "trail.jsonl")
    server = Server(project, trail, "127.0.0.1", 0)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.open(), loop).result()
        url = f"http://127.0.0.1:{server.port}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(config, "GOOGLE_URL", url)
            patch.setattr(account, "OWNER_TOKEN", folder / "owner-token")
            patch.setattr(host, "why_not_running", lambda: None)
            yield Running(project, trail, url)
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result()
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
