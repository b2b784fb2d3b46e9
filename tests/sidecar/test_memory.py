"""A value's bytes in the process's memory: how long they stay after its time is over."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.sidecar.support.caller import ask
from tests.sidecar.support.process import Process, running

pytestmark = pytest.mark.anyio

SIZES = (40, 72, 140, 300, 330, 360, 400, 600, 2000, 2100)


def copies(pid: int, needle: bytes) -> int:
    """How often some bytes are in what a process may write to."""
    found = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if area is None or line.endswith("[vvar]"):
                continue
            start, end = (int(bound, 16) for bound in area.groups())
            memory.seek(start)
            found += memory.read(end - start).count(needle)
    return found


async def read_others(sidecar: Process, aws: FakeAws, numbers: Iterator[int]) -> None:
    """Read other values, of sizes near the one that is looked for: too few to push that one out of the cache."""
    for size in SIZES:
        name = f"other-{next(numbers) % 100}"
        aws.secrets[f"test/{name}"] = "y" * size
        assert (await ask(sidecar.port, f"/v1/secrets/{name}")).status == 200


@pytest.mark.skipif(not os.access("/proc/self/mem", os.R_OK), reason="reads the memory of another process")
@pytest.mark.parametrize("size", [40, 2000])
async def test_the_bytes_of_an_expired_value_are_gone_once_its_memory_is_used_again(
    size: int, aws: FakeAws, token_file: Path
) -> None:
    """While it may be served they stay, whatever else is read; after that, nothing holds on to them."""
    needle = os.urandom(16).hex()
    aws.secrets["test/expired"] = needle + "x" * size
    variables = {
        "SECRETS_BACKEND": "aws",
        "SECRETS_NAMESPACE": "test",
        "AWS_REGION": fake_aws.REGION,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ROLE_ARN": fake_aws.ROLE,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file),
    }
    numbers = count()
    async with running({**variables, "SECRETS_CACHE_TTL": "600"}) as sidecar:
        await sidecar.until("ready")
        assert (await ask(sidecar.port, "/v1/secrets/expired")).status == 200
        for _ in range(20):
            await read_others(sidecar, aws, numbers)
        assert copies(sidecar.process.pid, needle.encode()), "or this test could not tell"
    async with running({**variables, "SECRETS_CACHE_TTL": "0.2"}) as sidecar:
        await sidecar.until("ready")
        assert (await ask(sidecar.port, "/v1/secrets/expired")).status == 200
        async with asyncio.timeout(240):
            while copies(sidecar.process.pid, needle.encode()):
                await read_others(sidecar, aws, numbers)
