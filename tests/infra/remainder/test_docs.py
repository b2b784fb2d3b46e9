"""docs/rbac.md says what the scan does."""

import re
from pathlib import Path

from secret_access.cli.rbac import EXIT_CODES, NOT_SEEN, rbac
from secret_access.remainder.rules import Right
from secret_access.remainder.ways import WAYS

PAGE = (Path(__file__).parents[3] / "docs" / "rbac.md").read_text()


def words(right: Right) -> tuple[str, ...]:
    """A right as the table has it: those of constrained impersonation are many, and said in one."""
    if right.verb.startswith("impersonate-on:"):
        return (f"{right.verb.rpartition(':')[0]}:VERB",)
    return right.verb, right.resource


def test_the_page_has_every_way_with_its_rights() -> None:
    """And no other."""
    table = PAGE.partition("| way |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = {re.findall("`([^`]*)`", row)[0]: row for row in table}
    assert list(rows) == [way.name for way in WAYS]
    for way in WAYS:
        said = set(re.findall("`([^`]*)`", rows[way.name].split("|")[2]))
        assert said == {word for right in way.rights for word in words(right)}, way.name
        assert ("before Kubernetes" in rows[way.name]) == (way.until_minor is not None)
        assert ("since Kubernetes" in rows[way.name]) == bool(way.since_minor)


def test_the_page_has_every_exit_code_and_option() -> None:
    """In the command's own words."""
    plain = PAGE.replace("`", "")
    for code, meaning in re.findall(r"^  (\d)  (.*)$", EXIT_CODES, re.MULTILINE):
        assert f"| {code} | {meaning} |" in plain
    for option in rbac.params:
        assert f"`{option.opts[0]}" in PAGE, option.name


def test_the_page_says_what_is_not_seen() -> None:
    """As each answer does."""
    words = " ".join(PAGE.split())
    for each in NOT_SEEN:
        assert each in words
