"""docs/preflight.md says what the checks do."""

import re
from pathlib import Path

import secret_access.preflight
from secret_access.cli.preflight import EXIT_CODES, preflight
from secret_access.preflight.admission import REASONS

PAGE = (Path(__file__).parents[3] / "docs" / "preflight.md").read_text()


def test_the_page_has_every_check() -> None:
    """Whatever becomes a check's id."""
    tables = [part.partition("\n\n")[0] for part in PAGE.split("\n| id |")[1:]]
    rows = [row for table in tables for row in table.splitlines()[2:]]
    said = {name for row in rows for name in re.findall("`([^`]*)`", row.split("|")[1])}
    (folder,) = secret_access.preflight.__path__
    code = "".join(path.read_text() for path in Path(folder).rglob("*.py"))
    made = r'(?:Check|_?asked|ask|judged|without_issuer)\(\s*"([a-z-]+)"'
    ids = {"issuer-document", "issuer-keys", *re.findall(made, code)}
    assert said == ids | {check for _, check, _ in REASONS}


def test_the_page_has_every_exit_code_and_option() -> None:
    """In the command's own words."""
    plain = PAGE.replace("`", "")
    for code, meaning in re.findall(r"^  (\d)  (.*)$", EXIT_CODES, re.MULTILINE):
        assert f"| {code} | {meaning} |" in plain
    for option in preflight.params:
        assert f"`{option.opts[-1]}`" in PAGE, option.name
