"""`python -m bench`, from the repository's root: measure, print the table, write .local/bench.json, check bounds."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench import parts, verdict
from bench.measure import FULL, QUICK, SCENARIOS, measure

LOCAL = Path(__file__).parents[1] / ".local"


def main() -> int:
    """Return 1 if a figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="takes seconds instead of minutes, and checks no bounds")
    parser.add_argument(
        "--output", type=Path, default=LOCAL / "bench.json", help="where to write (default %(default)s)"
    )
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--scenario", choices=names, action="append", help="only this one, and judge nothing")
    arguments = parser.parse_args()
    folder = LOCAL / "bench"
    parts.build(folder)
    chosen = [scenario for scenario in SCENARIOS if scenario.name in (arguments.scenario or names)]
    effort = QUICK if arguments.quick else FULL
    scenarios = measure(folder, chosen, effort, lambda line: print(line, file=sys.stderr))
    arguments.output.write_text(json.dumps({"scenarios": scenarios}, indent=2) + "\n")
    print("\n".join(verdict.table(scenarios)), end="\n\n")
    checks = [] if arguments.quick or arguments.scenario else list(verdict.checks(scenarios))
    print("\n".join(map(str, checks)))
    return 0 if all(check.kept for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
