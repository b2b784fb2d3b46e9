"""The command `secret-access report`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from secret_access.cli.main import cli
from secret_access.cli.report import UNUSABLE, WRITTEN
from tests.infra.report.answers import WIDENED, evaluation, proof


@pytest.fixture
def given(tmp_path: Path) -> tuple[str, ...]:
    """Arguments with the answers of `evaluate` and `prove`."""
    files = {"evaluation": evaluation(WIDENED), "proof": proof()}
    for kind, text in files.items():
        (tmp_path / kind).write_text(text)
    return tuple(part for kind in files for part in (f"--{kind}", str(tmp_path / kind)))


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["report", *arguments], input=given)


@pytest.mark.parametrize(
    ("ending", "beginning"),
    [(".html", "<!doctype html>"), (".md", "# test: not isolated"), (".json", "{"), (".txt", "NOT ISOLATED  test:")],
)
def test_the_files_ending_says_the_form(given: tuple[str, ...], tmp_path: Path, ending: str, beginning: str) -> None:
    """The verdict is said on standard error, so that nothing is in the way of a pipe."""
    file = tmp_path / f"report{ending}"
    result = run(*given, "-o", str(file))
    assert (result.exit_code, result.stdout) == (WRITTEN, "")
    assert result.stderr == f"not isolated: {file}\n"
    assert file.read_text().startswith(beginning)


def test_without_a_file_the_terminals_form_or_json_is_printed(given: tuple[str, ...]) -> None:
    assert run(*given).stdout.startswith("NOT ISOLATED  test:")
    assert json.loads(run(*given, "--json").stdout)["verdict"] == "not isolated"


def test_an_answer_may_come_from_standard_input() -> None:
    result = run("--evaluation", "-", "--title", "platform", given=evaluation())
    assert result.stdout.startswith("ISOLATED  platform:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to report: give at least one of --evaluation, --proof, --rbac, --preflight"),
        (("--evaluation", "-", "-o", "report.pdf"), "expected a name that ends in .html, .md, .json, .txt"),
        (("--evaluation", "no-such-file"), "no-such-file"),
        (("--evaluation", "-", "--json", "-o", "report.html"), "expected a name that ends in .json"),
        (("--evaluation", "-"), "the evaluation is not JSON"),
    ],
)
def test_what_cannot_be_reported_is_said_and_nothing_is_written(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, given="")
    assert result.exit_code == UNUSABLE
    assert message in result.stderr
    assert not list(tmp_path.iterdir())
