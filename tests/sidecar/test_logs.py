"""Log lines: JSON, and nothing of an exception's text."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys

import pytest

from secret_sidecar import logs
from secret_sidecar.logs import JsonLines

pytestmark = pytest.mark.anyio


def test_an_exception_is_named_and_placed_but_not_quoted() -> None:
    """Its text may hold what it choked on."""
    try:
        json.loads("s3cr3t")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "file", 1, "failed", None, sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["message"], line["exception"]) == ("error", "failed", "JSONDecodeError")
    assert line["raised_at"].startswith("decoder.py:")
    assert "s3cr3t" not in json.dumps(line)


def test_extra_members_are_written_as_they_are() -> None:
    """What is None is left out; what JSON does not know is shown as text."""
    record = logging.LogRecord("secret_sidecar.x", logging.INFO, "file", 1, "a %s", ("b",), None)
    record.code, record.nothing, record.path = "X", None, logging
    line = json.loads(JsonLines().format(record))
    assert (line["message"], line["code"]) == ("a b", "X")
    assert "nothing" not in line
    assert set(line) == {"time", "level", "message", "code", "path"}


async def test_what_the_event_loop_complains_of_is_named_and_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    """Its own words quote the exception and what a callback was given."""

    async def fail() -> None:
        raise ValueError("s3cr3t")

    def fall(given: str) -> None:
        raise ValueError(given)

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.getLogger("secret_sidecar.logs").addHandler(handler)
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(logs.of_loop)
    try:
        loop.call_soon(fall, "s3cr3t")
        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        del task
        gc.collect()
    finally:
        loop.set_exception_handler(before)
        logging.getLogger("secret_sidecar.logs").removeHandler(handler)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["level"], line["exception"]) for line in lines] == [("error", "ValueError")] * 2
    assert lines[1]["raised_at"].startswith("test_logs.py:")
    assert "s3cr3t" not in json.dumps(lines)
