"""What callers leave behind when they go is not left for a search for garbage that may be hours away."""

from __future__ import annotations

import gc
import ssl
from pathlib import Path

import pytest

from secret_sidecar.server import Sidecar
from secret_sidecar.shared import callers
from secret_sidecar.vaults.aws.store import AwsStore
from tests.fakes.aws_shared import SharedAws, token
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.shared_service import Service, certificate_of, settings_of

pytestmark = pytest.mark.anyio


async def test_who_has_gone_is_out_of_memory_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A router and a connection refer to themselves: the service searches each time that so many have gone."""
    monkeypatch.setattr(callers, "GARBAGE", 16)
    authority = Authority(tmp_path)
    trust = ssl.create_default_context(cafile=str(authority.bundle))
    aws = SharedAws()
    async with aws:
        aws.put("test/database-password", "hunter2")
        settings = settings_of(aws, certificate_of(authority, tmp_path), shared_callers=2)
        async with Sidecar(settings) as sidecar:
            service = Service(sidecar.port, trust)
            gc.collect()
            gc.disable()
            try:
                for number in range(60):
                    given = aws.know(token("test", number), "test")
                    assert (await service.ask("/v1/secrets/database-password", given)).status == 200
                left = sum(isinstance(thing, AwsStore) for thing in gc.get_objects())
            finally:
                gc.enable()
    assert left <= 16 + 2 + 2
