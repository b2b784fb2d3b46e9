"""docs/preflight.md says what the checks do."""

import re
from pathlib import Path

import secret_access.preflight
from secret_access.cli.preflight import EXIT_CODES, preflight
from secret_access.preflight.admission import REASONS

PAGE = (Path(__file__).parents[3] / "docs" / "preflight.md").read_text()


def test_the_page_has_every_check() -> None:
    """Whatever becomes a check's id."""
    table = PAGE.partition("| id |")[2].partition("\n\n")[0].splitlines()[2:]
    said = {name for row in table for name in re.findall("`([^`]*)`", row.split("|")[1])}
    (folder,) = secret_access.preflight.__path__
    code = "".join(path.read_text() for path in Path(folder).glob("*.py"))
    ids = set(re.findall(r'(?:Check|_asked|_judged)\(\s*"([a-z-]+)"', code)) | {"issuer-document", "issuer-keys"}
    assert said == ids | {check for _, check, _ in REASONS}


def test_the_page_has_every_exit_code_and_option() -> None:
    """In the command's own words."""
    plain = PAGE.replace("`", "")
    for code, meaning in re.findall(r"^  (\d)  (.*)$", EXIT_CODES, re.MULTILINE):
        assert f"| {code} | {meaning} |" in plain
    for option in preflight.params:
        assert f"`{option.opts[-1]}`" in PAGE, option.name
