"""The command `secret-access recommend`: the same answers as the function."""

import json

import click
import pytest
from click.testing import CliRunner, Result

from secret_access.cli.main import cli
from secret_access.cli.recommend import EXIT_CODES, NONE, RECOMMENDED, UNUSABLE, recommend
from secret_access.patterns.situation import SecretKind

REGULATED = ["--isolated", "--not-etcd", "--not-declarative", "--not-simple", "--not-polyglot", "--pods", "300"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["recommend", *arguments])


def test_a_pattern_is_recommended_with_its_reasons() -> None:
    """For the kinds that were asked for."""
    result = run("database_password", *REGULATED)
    assert result.exit_code == RECOMMENDED
    assert result.output.startswith("database_password: sidecar")
    assert "because   secrets may not be in etcd" in result.output
    assert "  next      " in result.output


def test_without_a_kind_all_are_answered() -> None:
    """As JSON too."""
    found = json.loads(run("--json", *REGULATED).output)
    assert [each["secret"] for each in found] == list(SecretKind)
    assert found[1]["pattern"] == "sidecar"


def test_wishes_that_exclude_each_other_are_an_exit_code_of_their_own() -> None:
    """With what to give up."""
    result = run(*REGULATED, "--reads", "environment")
    assert result.exit_code == NONE
    assert "no pattern is left" in result.stderr


@pytest.mark.parametrize("arguments", [["no_kind", *REGULATED], REGULATED[1:], [*REGULATED, "--vault", "x"]])
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    """Each of the five questions has to be answered: none has an answer that is right for most."""
    assert run(*arguments).exit_code == UNUSABLE


def test_the_help_teaches() -> None:
    """Every option has its help, every kind and exit code is named."""
    assert all(option.help for option in recommend.params if isinstance(option, click.Option))
    output = run("--help").output
    assert all(kind in output for kind in SecretKind)
    assert all(f"  {code}  " in EXIT_CODES for code in (RECOMMENDED, NONE, UNUSABLE))
