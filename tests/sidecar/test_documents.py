"""The document of the API says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from secret_sidecar.problems import DEFECT, KINDS
from secret_sidecar.settings import Settings

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sidecar-api.md").read_text(encoding="utf-8")


def test_every_kind_of_problem_is_documented() -> None:
    """With its status, and no other is."""
    rows = set(re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", DOCUMENT, re.MULTILINE))
    kinds = {(str(kind.status), kind.slug) for kind in (*KINDS.values(), DEFECT)}
    assert rows - {("503", "not-ready"), ("404", "about-blank"), ("405", "about-blank")} == kinds


def test_every_default_is_documented() -> None:
    """As it is."""
    for names, _, default in Settings.variables():
        if default:
            (row,) = [line for line in DOCUMENT.splitlines() if line.startswith(f"| `{names[0]}`")]
            assert (f"{default:g}" if isinstance(default, float) else str(default)) in row


def test_every_test_that_the_promises_name_exists() -> None:
    """A promise without its test is none."""
    tests = Path(__file__).parents[1]
    promises = (tests.parent / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", promises)
    assert len(named) > 80
    for file, test in named:
        folder = tests if file.startswith(("integration/", "e2e/")) else tests / "sidecar"
        assert f"def {test}(" in (folder / file).read_text(encoding="utf-8"), f"{file}::{test}"
