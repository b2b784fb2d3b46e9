"""The commands of README.md for the laptop environment, as they stand there."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local import config
from local.aws import account
from tests.e2e.conftest import Environment

NAME = "test/database-password"
PUT = """
import boto3, sys
boto3.client("secretsmanager").put_secret_value(SecretId=sys.argv[1], SecretString=sys.argv[2])
"""


def shell(command: str, *arguments: str) -> str:
    """Run a command in a shell that `local env` has set up, and return what it prints."""
    script = f'eval "$({shlex.quote(sys.executable)} -m local env)" && {command}'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *arguments],
        cwd=config.ROOT,
        env={"HOME": os.environ.get("HOME", "/root"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def typed(pattern: str) -> str:
    """The one line of README.md that matches, without its prompt."""
    (line,) = re.findall(rf"^\$ ({pattern}.*)$", (config.ROOT / "README.md").read_text(), re.MULTILINE)
    return str(line)


@pytest.fixture
def old_value(environment: Environment) -> Iterator[str]:
    """The value of test's secret, put back afterwards."""
    assert environment.ask("test", NAME)["status"] == 200
    value = account.value(NAME)
    yield value
    account.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=value)


def test_a_value_that_a_person_puts_is_read_next(environment: Environment, old_value: str) -> None:
    """The shell has the laptop's AWS, keys and region, and the next read has the new value."""
    line = shlex.split(typed("aws secretsmanager put-secret-value"))
    name, value = line[line.index("--secret-id") + 1], line[line.index("--secret-string") + 1]
    assert (name, value != old_value) == (NAME, True)
    shell(f'{shlex.quote(sys.executable)} -c "$1" "$2" "$3"', PUT, name, value)
    assert environment.ask("test", NAME)["body"]["value"] == value


def test_ask_runs_in_the_pod_that_has_no_curl(environment: Environment) -> None:
    """The line of README.md shows request, status, headers and body."""
    assert environment.ask("test", NAME)["status"] == 200
    shown = shell(typed("kubectl exec"))
    assert shown.startswith("> GET /v1/secrets/database-password HTTP/1.1\n>\n< HTTP/1.1 200 OK\n")
    assert json.loads(shown[shown.index("{") :])["value"] == account.value(NAME)
