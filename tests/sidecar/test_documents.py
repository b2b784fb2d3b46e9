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
PROMISES = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
VAULTS = ("AWS", "Google Cloud", "Azure", "Vault, OpenBao", "pass")
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
            shown = f"{default:g}" if isinstance(default, float) else str(default)
            assert (shown.lower() if isinstance(default, bool) else shown) in row


def test_every_test_that_the_promises_name_exists() -> None:
    tests = ROOT / "tests"
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", PROMISES)
    assert len(named) > 80
    for file, test in named:
        folder = tests if file.startswith(("infra/", "integration/", "soak/", "e2e/")) else tests / "sidecar"
        assert f"def {test}(" in (folder / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_every_promise_says_what_shows_it_on_each_vault() -> None:
    """It names a test, or why there is none."""
    table = PROMISES.split("## On each vault\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    cells = rows[2:]
    promises = [promise for promise, _, _ in cells if promise]
    assert [vault for _, vault, _ in cells if vault] == [*VAULTS] * len(promises)
    for promise, vault, shown in cells:
        assert vault == VAULTS[0] or not promise
        assert "::" in shown or shown.startswith(("does not apply: ", "not promised: ")), shown


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
