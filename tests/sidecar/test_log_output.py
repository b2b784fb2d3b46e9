"""Standard output whose reader is slow, or gone."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from secret_sidecar.log_output import LIMIT, LogOutput

pytestmark = pytest.mark.anyio

LINE = "x" * 999 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe."""
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        with suppress(OSError):  # a test may have closed it
            os.close(end)


async def test_what_waits_is_written_once_the_reader_reads(pipe: tuple[int, int]) -> None:
    """Without another line that would push it, in order and whole."""
    reader, writer = pipe
    output = LogOutput(writer)
    lines = [f"{number:999}\n" for number in range(500)]
    for line in lines:
        output.write(line)
    expected = "".join(lines).encode()
    got = b""
    while len(got) < len(expected):
        got += await asyncio.to_thread(os.read, reader, 1 << 16)
    assert got == expected


async def test_lines_that_find_no_place_are_lost_whole_and_told_of(
    pipe: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    """Once there is somebody to tell."""
    reader, writer = pipe
    output = LogOutput(writer)
    kept = 0
    with suppress(BlockingIOError):
        while True:
            output.write(LINE)
            kept += 1
    assert kept >= LIMIT // len(LINE)
    with pytest.raises(BlockingIOError):
        output.write(LINE * 2)
    assert not caplog.records
    got = b""
    while len(got) < kept * len(LINE):
        got += await asyncio.to_thread(os.read, reader, 1 << 16)
    assert got == LINE.encode() * kept
    while not caplog.records:
        output.write(LINE)
        await asyncio.to_thread(os.read, reader, 1 << 16)
    assert caplog.records[0].getMessage() == "log lines lost"
    assert vars(caplog.records[0])["lines"] == 3
    assert caplog.records[0].levelno == logging.WARNING


def test_a_reader_that_has_gone_is_an_error_and_keeps_nothing(pipe: tuple[int, int]) -> None:
    """So that whoever counts lost lines does."""
    reader, writer = pipe
    output = LogOutput(writer)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        output.write(LINE)
    assert not output._waiting


async def test_what_waits_at_the_end_of_the_process_is_written_to_a_reader_that_is_behind() -> None:
    """More than a pipe takes at once was logged just before the end."""
    lines = 500
    program = (
        "import logging, sys\n"
        "from secret_sidecar import logs\n"
        "logs.configure()\n"
        f"for number in range({lines}): logging.info('%0999d', number)\n"
        "print('all logged', file=sys.stderr, flush=True)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        limit=1 << 10,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert await process.stderr.readline() == b"all logged\n"
    got = (await process.stdout.read()).splitlines()
    assert [int(json.loads(line)["message"]) for line in got] == list(range(lines))
    assert await process.wait() == 0
