"""docs/patterns.md says what `recommend` answers, and its example runs."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from secret_access import SecretKind, Situation, recommend
from secret_access.patterns.catalogue import PATTERNS
from tests.infra.patterns.test_recommend import HYBRID, SCENARIOS

PAGE = (Path(__file__).parents[3] / "docs" / "patterns.md").read_text()
QUESTIONS = ("isolates_namespaces", "may_be_in_etcd", "declarative", "simplicity", "polyglot")


def table(heading: str) -> list[list[str]]:
    """The rows of the table with a heading."""
    assert f"\n{heading}\n" in PAGE
    lines = PAGE.split(f"\n{heading}\n")[1].split("\n\n")[0].splitlines()
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[1:]]


def situation(cells: list[str]) -> Situation:
    *answers, pods = cells
    flags = {"yes": True, "no": False}
    said: dict[str, Any] = {name: flags[answer] for name, answer in zip(QUESTIONS, answers, strict=True)}
    return Situation(**said, pods=int(pods))


def test_the_patterns() -> None:
    """Every pattern, whether it is in etcd, who decides, and when it fits."""
    rows = table("| pattern | | in etcd | who decides | fits |")
    assert rows == [
        [
            str(pattern),
            traits.name,
            "yes" if traits.is_in_etcd else "no",
            "the vault" if traits.isolates else "RBAC",
            traits.fits,
        ]
        for pattern, traits in PATTERNS.items()
    ]


def test_the_teams() -> None:
    """Each row's pattern is what is recommended to its team; the scenarios are among them."""
    rows = table("| team | isolated | etcd | declarative | simplicity | polyglot | pods | pattern |")
    for team, *cells, pattern in rows:
        kind = SecretKind.DATABASE_URL if "static" in team else SecretKind.DATABASE_PASSWORD
        assert str(recommend(situation(cells), kind).pattern) == pattern, team
    teams = [situation(cells) for _, *cells, _ in rows]
    assert all(scenario in teams for scenario, _, _ in SCENARIOS.values())


def test_the_kinds_of_secrets() -> None:
    """All eight, for the hybrid team."""
    rows = table("| kind | pattern | why |")
    assert [(kind, pattern) for kind, pattern, _ in rows] == [
        (str(kind), str(recommend(HYBRID, kind).pattern)) for kind in SecretKind
    ]


def test_the_example_prints_an_answer() -> None:
    """As a reader runs it."""
    example = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    with redirect_stdout(StringIO()) as printed:
        exec(example, {})  # noqa: S102  our own page
    assert printed.getvalue().startswith("sidecar\nsecrets may not be in etcd, which excludes Kubernetes Secret")


def test_all_facts_are_named() -> None:
    """Those without a default in the example, the others in the text."""
    assert [name for name in Situation.__dataclass_fields__ if not re.search(rf"\b{name}\b", PAGE)] == []
