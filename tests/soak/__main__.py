"""`python -m tests.soak`, from the repository's root: load, judge, print the summary, write .local/soak.json."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

import uvloop

from tests.soak import report
from tests.soak.run import run

OUTPUT = Path(__file__).resolve().parents[2] / ".local" / "soak.json"


def main() -> int:
    """Return 1 if anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default %(default)s)")
    parser.add_argument(
        "--seed",
        type=int,
        default=None,
        help="repeats the random choices of an earlier run, not its timing (default: random)",
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where to write (default %(default)s)")
    arguments = parser.parse_args()
    if arguments.minutes <= 0:
        parser.error(f"--minutes {arguments.minutes}: expected more than 0")
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    result = uvloop.run(run(arguments.minutes * 60, seed))
    arguments.output.parent.mkdir(exist_ok=True)
    arguments.output.write_text(json.dumps(report.document(result), indent=2) + "\n", encoding="utf-8")
    print("\n".join(report.lines(result)))
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
