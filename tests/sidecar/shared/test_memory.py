"""How much the service keeps of all callers' values together."""

from __future__ import annotations

import pytest

from secret_sidecar.shared.service import MOST_BYTES, Shared
from tests.sidecar.shared.clouds import AwsCloud
from tests.sidecar.shared.conftest import Launch

pytestmark = pytest.mark.anyio

VALUES, SIZE = 62, 64 << 10
"""What one caller reads: nearly as much as is kept for one."""
CALLERS = MOST_BYTES // (VALUES * SIZE) + 2


async def test_all_callers_together_keep_so_much(launch: Launch, capsys: pytest.CaptureFixture[str]) -> None:
    """After each request it is 64 MiB at most; who was seen longest ago is read for anew, the others are not."""
    assert MOST_BYTES == 64 << 20
    running = await launch(AwsCloud, SECRETS_CACHE_TTL="600")
    shared = running.sidecar._vault
    assert isinstance(shared, Shared)
    names = [f"value-{number}" for number in range(VALUES)]
    for name in names:
        running.cloud.put(f"test/{name}", "x" * SIZE)
    tokens = [running.cloud.token("test", number) for number in range(CALLERS)]
    kept = []
    for token in tokens:
        got = await running.service.ask("/v1/secrets:batchGet", token, method="POST", body={"names": names})
        assert len(got.json["secrets"]) == VALUES
        kept.append(shared.total.bytes)
    assert max(kept) <= MOST_BYTES
    assert max(kept) > MOST_BYTES - VALUES * SIZE * 1.1  # no more was forgotten than had to be
    capsys.readouterr()
    running.cloud.fake.asked.clear()
    for token, calls in ((tokens[-1], 0), (tokens[2], 0), (tokens[0], 1)):
        assert (await running.service.ask(f"/v1/secrets/{names[0]}", token)).status == 200
        assert len(running.cloud.fake.asked) == calls
