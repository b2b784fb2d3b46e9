"""The document of the API says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secret_sidecar.problems import INTERNAL_ERROR, KINDS
from secret_sidecar.settings import Settings

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs" / "sidecar-api.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")]


def test_every_kind_of_problem_is_documented() -> None:
    """With its status, and no other is."""
    rows = set(re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", API, re.MULTILINE))
    kinds = {(str(kind.status), kind.slug) for kind in (*KINDS.values(), INTERNAL_ERROR)}
    assert rows - {("503", "not-ready"), ("404", "about-blank"), ("405", "about-blank")} == kinds


def test_every_default_is_documented() -> None:
    """As it is."""
    for names, _, default in Settings.variables():
        if default:
            (row,) = [line for line in OPERATING.splitlines() if line.startswith(f"| `{names[0]}`")]
            assert (f"{default:g}" if isinstance(default, float) else str(default)) in row


def test_every_test_that_the_promises_name_exists() -> None:
    """A promise without its test is none."""
    tests = ROOT / "tests"
    promises = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", promises)
    assert len(named) > 80
    for file, test in named:
        folder = tests if file.startswith(("integration/", "e2e/")) else tests / "sidecar"
        assert f"def {test}(" in (folder / file).read_text(encoding="utf-8"), f"{file}::{test}"


def anchors_of(page: Path) -> set[str]:
    """What a link into a page can name: its headings, as they are spelled in addresses."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file of this repository, and to a heading that it has."""
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", page.read_text(encoding="utf-8")):
        file = (page.parent / target) if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors_of(file), f"{target}#{anchor}"
