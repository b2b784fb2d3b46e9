"""`python -m bench.infra`, from the repository's root: measure, print the table, write .local/bench-infra.json, check.

It needs the engine that tools/build.py builds, and neither a cloud nor a cluster.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import tempfile
from pathlib import Path

from bench.infra import echo, verdict
from bench.infra.measure import FULL, PROGRAMS, QUICK, measure
from bench.infra.preview import ROOT, Engine
from local.__main__ import tools_folder


def main() -> int:
    """Return 1 if a figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.infra", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two namespaces alone, and check no bounds")
    parser.add_argument(
        "--namespaces",
        type=int,
        choices=[size.namespaces for size in FULL],
        action="append",
        help="only this many, and judge nothing",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / ".local" / "bench-infra.json", help="where to write (default %(default)s)"
    )
    arguments = parser.parse_args()
    chosen = [size for size in FULL if size.namespaces in (arguments.namespaces or [size.namespaces])]
    with tempfile.TemporaryDirectory(prefix="bench-infra-") as folder, echo.serving() as (provider, port):
        engine = Engine(tools_folder(), provider, port, Path(folder))
        stop_unless_alike(engine)
        roles = shared_roles(engine)
        figures = measure(
            engine, QUICK if arguments.quick else chosen, lambda line: print(line, file=sys.stderr, flush=True)
        )
    arguments.output.parent.mkdir(exist_ok=True)
    arguments.output.write_text(json.dumps(figures, indent=2) + "\n")
    print("\n".join(verdict.table(figures)), end="\n\n")
    checks = [] if arguments.quick or arguments.namespaces else list(verdict.checks(figures, roles))
    print("\n".join(map(str, checks)))
    return 0 if all(check.kept for check in checks) else 1


def stop_unless_alike(engine: Engine) -> None:
    """Stop unless all programs make resources of the same names and inputs: else their times compare nothing."""
    ours, flat, bare = (engine.resources(program, 2) for program in PROGRAMS)
    for key in sorted({*ours, *flat, *bare}):
        if not ours.get(key) == flat.get(key) == bare.get(key):
            before, after = (json.dumps(made.get(key), indent=2, sort_keys=True).splitlines() for made in (flat, ours))
            difference = "\n".join(difflib.unified_diff(before, after, "flat", "ours", lineterm=""))
            raise SystemExit(f"bench: {' '.join(key)} differs; correct the flat program:\n{difference}")


def shared_roles(engine: Engine) -> int:
    """Return how many roles ten namespaces make that share one by session tags."""
    return sum(type_ == echo.ROLE for type_, _ in engine.resources("tags", 10))


if __name__ == "__main__":
    sys.exit(main())
