"""What is exempt from a check says why, in its own line."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXEMPTION = re.compile(r"# (?:noqa: (?P<codes>[A-Z0-9, ]+)|type: ignore(?:\[[a-z, -]+\])?)")
NEEDS_NONE = re.compile(r"ARG\d+|S101")
"""As CONTRIBUTING.md says what for."""


def unexplained(line: str, *, is_test: bool) -> bool:
    """Whether a line has an exemption that needs a reason and has none; in tests, types may be looked past."""
    found = list(EXEMPTION.finditer(line))
    needing = [
        one
        for one in found
        if (not is_test if one["codes"] is None else not all(map(NEEDS_NONE.fullmatch, one["codes"].split(", "))))
    ]
    return bool(needing) and not re.search("[a-z]{2}", EXEMPTION.sub("", line[found[0].start() :]))


def test_every_exemption_has_its_reason() -> None:
    """`noqa` and `type: ignore`, wherever they are."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [
        f"{path}:{number}: {line.strip()}"
        for path in listed.split()
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if unexplained(line, is_test=path.startswith("tests/"))
    ] == []


def test_it_finds_those_that_have_none() -> None:
    """And lets pass what CONTRIBUTING.md lists."""
    assert unexplained("import boto3  # noqa: PLC0415", is_test=False)
    assert unexplained("x = 1  # type: ignore[misc]", is_test=False)
    assert not unexplained("x = 1  # type: ignore[misc]", is_test=True)
    assert not unexplained("x = 1  # type: ignore[misc]  # as it is", is_test=False)
    assert unexplained('TOKEN = "aws:iam/role:Role"  # noqa: S105', is_test=False)
    assert not unexplained("def f(x):  # noqa: ARG001", is_test=False)
    assert not unexplained("import boto3  # noqa: PLC0415 — only here", is_test=False)
