"""A run of `secret-access prove`, and what pods answer it."""

from collections.abc import Mapping
from typing import Any

from click.testing import CliRunner, Result

from secret_access.cli.main import cli
from tests.infra.probe.pods import Answering, isolated

READ = {"status": 200}
OWN, FOREIGN = ("test", "test/database-password"), ("test", "prod/database-password")


def run(*arguments: str, **more: bool) -> Result:
    return CliRunner().invoke(cli, ["prove", *arguments], **more)  # type: ignore[arg-type]  # any option of click's


def but(which: tuple[str, str], answer: Mapping[str, Any]) -> Answering:
    """Isolated, but for one cell."""
    return lambda namespace, name: answer if (namespace, name) == which else isolated(namespace, name)
