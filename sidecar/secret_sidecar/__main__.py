"""`secret-sidecar`, or `python -m secret_sidecar`: serve secrets on localhost. Everything is set in the environment."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; 2 if the settings are wrong."""
    if sys.argv[1:] if arguments is None else arguments:
        _parser().parse_args(arguments)
    # Before the imports, which take most of the start: the first process of a container has no default action.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_before_serving)
    return _serve()


def _serve() -> int:
    import uvloop  # noqa: PLC0415 (after the signals' handlers)

    from secret_sidecar import logs, server  # noqa: PLC0415 (the same)
    from secret_sidecar.errors import SettingsError  # noqa: PLC0415 (the same)
    from secret_sidecar.settings import Settings  # noqa: PLC0415 (the same)

    server.forbid_core_dumps()
    logs.configure()
    try:
        uvloop.run(server.serve(Settings.from_environment(os.environ)))
    except SettingsError as error:
        print(f"secret-sidecar: {error}", file=sys.stderr)
        return 2
    return 0


def _end_before_serving(number: int, frame: object) -> NoReturn:  # noqa: ARG001
    """End at once: nothing was promised to anybody. From when it serves on, the server's own handlers finish first."""
    os._exit(0)


def _parser() -> argparse.ArgumentParser:
    import argparse  # noqa: PLC0415 (a sidecar is started without arguments, and sooner without this)

    from secret_sidecar.settings import Settings  # noqa: PLC0415 (the same)

    lines = ["variables:"]
    for names, about, default in Settings.variables():
        shown = f" (default {str(default).lower() if default is True else default})" if default else ""
        lines += [f"  {' or '.join(names)}", f"      {about}{shown}"]
    return argparse.ArgumentParser(
        prog="secret-sidecar",
        description="Serve a namespace's secrets on localhost, through the pod's own cloud identity.",
        epilog="\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


if __name__ == "__main__":
    sys.exit(main())
