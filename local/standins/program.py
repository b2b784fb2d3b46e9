"""Run a Pulumi program: ``python program.py SETTINGS PROGRAM [ARGUMENT ...]``, SETTINGS as JSON.

It runs in the program's own virtualenv, beside nothing of this repository. Exit code 32 means that the person has
been told what was wrong; 1, that the program ended with an error of its own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import pulumi
from pulumi import runtime

BAILED = 32


def main() -> int:
    """Run the program against the engine named in the settings; the exit code."""
    given, program, *arguments = sys.argv[1:]
    settings = runtime.Settings(**json.loads(given))
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    runtime.configure(settings)
    sys.argv = [program, *arguments]
    # A failed program leaves futures that nobody awaits: asyncio would report each of them.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(max(settings.parallel or 1, 1) * 4) as threads:
        loop.set_default_executor(threads)
        try:
            loop.run_until_complete(runtime.run_in_stack(lambda: _run(program)))
        except pulumi.RunError as error:
            pulumi.log.error(str(error))
            return 1
        except Exception as error:  # noqa: BLE001  (whatever the program raises is the person's to read)
            trace = "".join(traceback.format_exception(error.with_traceback(_from(program, error.__traceback__))))
            pulumi.log.error(f"Program failed with an unhandled exception:\n{trace}")
            return BAILED
        finally:
            loop.close()
    return 0


def _run(program: str) -> None:
    entry = os.path.join(program, "__main__.py") if os.path.isdir(program) else program
    if not os.path.exists(entry):
        raise pulumi.RunError(f"unable to find main python program `{entry}`")
    runpy.run_path(program, run_name="__main__")


def _from(program: str, trace: TracebackType | None) -> TracebackType | None:
    """The part of a trace that begins in the program, or the whole where it never got there."""
    root, frame = os.path.abspath(program), trace
    while frame and not frame.tb_frame.f_code.co_filename.startswith(root):
        frame = frame.tb_next
    return frame or trace


if __name__ == "__main__":
    raise SystemExit(main())
