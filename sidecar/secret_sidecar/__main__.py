"""`secret-sidecar`, or `python -m secret_sidecar`: serve secrets on localhost. Everything is set in the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import uvloop

from secret_sidecar import logs, server
from secret_sidecar.errors import SettingsError
from secret_sidecar.settings import Settings

if TYPE_CHECKING:
    import argparse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; 2 if the settings are wrong."""
    if sys.argv[1:] if arguments is None else arguments:
        _parser().parse_args(arguments)
    server.forbid_core_dumps()
    logs.configure()
    try:
        uvloop.run(server.serve(Settings.from_environment(os.environ)))
    except SettingsError as error:
        print(f"secret-sidecar: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    import argparse  # noqa: PLC0415 (a sidecar is started without arguments, and sooner without this)

    lines = ["variables:"]
    for names, about, default in Settings.variables():
        shown = f" (default {default})" if default else ""
        lines += [f"  {' or '.join(names)}", f"      {about}{shown}"]
    return argparse.ArgumentParser(
        prog="secret-sidecar",
        description="Serve a namespace's secrets on localhost, through the pod's own cloud identity.",
        epilog="\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


if __name__ == "__main__":
    sys.exit(main())
