"""Run one stand-in from any working directory: ``python start.py NAME [ARGUMENT ...]``.

The engine starts a plugin in the program's folder, so the repository comes to ``sys.path`` from here. A plugin
needs Pulumi's protocol but not its SDK, whose import would cost each one half a second: the two packages around
the protocol are stood in for by empty ones.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

NEEDS_THE_SDK = {"sdk_types"}


def leave_out_the_sdk() -> None:
    """Let ``pulumi.runtime.proto`` be imported without running ``pulumi`` and ``pulumi.runtime``."""
    found = importlib.util.find_spec("pulumi")
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"pulumi is not installed beside {sys.executable}; run uv sync in the repository")
    root = Path(next(iter(found.submodule_search_locations)))
    for name, folder in (
        ("pulumi", root),
        ("pulumi.runtime", root / "runtime"),
        ("pulumi.runtime.proto", root / "runtime/proto"),
    ):
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def main() -> None:
    """Import the named module of this package and call its ``main`` with the arguments left."""
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    name, *arguments = sys.argv[1:]
    if name not in NEEDS_THE_SDK:
        leave_out_the_sdk()
    importlib.import_module(f"local.standins.{name}").main(arguments)


if __name__ == "__main__":
    main()
