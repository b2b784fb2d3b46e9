"""Logs: one JSON object a line on stdout.

Of an exception only its type and where it was raised are written: its message may quote what it choked on.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
import sys
import time
from pathlib import Path
from traceback import walk_tb
from typing import Any

from secret_sidecar.log_output import LogOutput

_KNOWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "color_message", "taskName"}

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Renders a record with its `extra` members."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **{key: value for key, value in vars(record).items() if key not in _KNOWN and value is not None},
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            for frame, number in walk_tb(record.exc_info[2]):
                line["raised_at"] = f"{Path(frame.f_code.co_filename).name}:{number}"
        return json.dumps(line, default=str)


def configure() -> None:
    """Write this process's log to stdout, and stdout without ever waiting for its reader."""
    sys.stdout = output = LogOutput(os.open(os.devnull, os.O_WRONLY) if sys.stdout is None else sys.stdout.fileno())
    atexit.register(output.finish)
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.raiseExceptions = False  # else a line that cannot be written is shown on stderr, arguments and all


def of_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG001
    """Log errors of the event loop without its own message, which quotes exceptions and arguments."""
    log.error("the event loop met an internal error", exc_info=context.get("exception"))
