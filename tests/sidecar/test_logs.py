"""Log lines: JSON, and nothing of an exception's text."""

from __future__ import annotations

import json
import logging
import sys

from secret_sidecar.logs import JsonLines


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
