"""A namespace that is added on the laptop as README.md says: asked, and part of the matrix, like the first two."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from local import clouds, config
from local.aws import account
from local.aws.cloud import AWS
from local.isolation import Cell, wrong
from local.up import matrix, prove
from tests.e2e.conftest import Environment

STACK = AWS.environment_stacks["test"]
NAME = "shop/api-key"


@pytest.fixture(scope="module")
def cells(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Cell]]:
    """The matrix with the namespace in it: the lines of README.md in the stack's file, then what `make up` does."""
    blocks = re.findall(r"```yaml\n(.*?)```", (config.ROOT / "README.md").read_text(), re.DOTALL)
    (lines,) = [block for block in blocks if "localhost/secret-access-app:dev" in block]
    file = config.ROOT / "stacks" / f"Pulumi.{STACK}.yaml"
    added = tmp_path_factory.mktemp("stacks") / file.name
    added.write_text(f"{file.read_text().rstrip()}\n{lines}")
    up = ("up", f"--stack={STACK}", "--yes", "--skip-preview")
    environment.pulumi(*up, f"--config-file={added}")
    try:
        yield prove(environment.kubectl, environment.pulumi, [AWS])
    finally:
        environment.pulumi(*up)
        account.client("secretsmanager").delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
        matrix(environment.kubectl, environment.pulumi, clouds.wanted())


def test_it_is_in_the_matrix(cells: list[Cell]) -> None:
    """Three namespaces, three secrets: each reads its own, and is refused both others."""
    assert wrong(cells) == []
    asked = {(cell.question.asker, cell.question.name): cell.status for cell in cells}
    owners = {"test": "test/database-password", "prod": "prod/database-password", "shop": NAME}
    assert asked == {
        (asker, name): 200 if owner == asker else 403 for asker in owners for owner, name in owners.items()
    }


@pytest.mark.usefixtures("cells")
def test_make_ask_asks_from_it() -> None:
    """Its pod is found, whatever its workload is called."""
    command = ["make", "--no-print-directory", "ask", "FROM=shop", "NAME=api-key?stage=AWSCURRENT"]
    asked = subprocess.run(command, cwd=config.ROOT, capture_output=True, text=True, check=True)
    answer = json.loads(asked.stdout)
    assert (answer["status"], answer["body"]["value"]) == (200, account.value(NAME))


@pytest.mark.usefixtures("cells")
def test_a_secret_of_no_namespace_is_left_out(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is expected to read it, so it proves nothing; the person is told."""
    manager = account.client("secretsmanager")
    manager.create_secret(Name="elsewhere/api-key", SecretString="x")
    try:
        assert wrong(environment.ask_everything()) == []
        assert "not asked for, because no namespace has their prefix: elsewhere/api-key" in capsys.readouterr().err
    finally:
        manager.delete_secret(SecretId="elsewhere/api-key", ForceDeleteWithoutRecovery=True)
