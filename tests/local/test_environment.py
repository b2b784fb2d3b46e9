"""What of the person's own environment reaches the local one."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from local import __main__ as commands
from local import config, host, stacks

ENDPOINTS = """
import boto3
for service in ("secretsmanager", "sts", "iam"):
    client = boto3.client(service)
    print(client.meta.endpoint_url, client.meta.region_name)
"""


def test_no_proxy_is_asked_for_the_machine() -> None:
    """A company's proxy stays for everybody else, and the person's own exceptions stay too."""
    program = "import local, urllib.request as r; print(*[r.proxy_bypass(h) for h in ('%s', 'a.example', 'b.example')])"
    env = {**os.environ, "http_proxy": "http://127.0.0.1:1", "no_proxy": "b.example", "NO_PROXY": "b.example"}
    asked = subprocess.run(
        [sys.executable, "-c", program % config.ADDRESS], env=env, capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == ["True", "False", "True"]
    assert urllib.request.proxy_bypass("127.0.0.1")


def test_roots_own_folders_are_looked_into() -> None:
    """containerd finds runc, also where `su` left root with the PATH of the person."""
    program = "import local, os; print(os.environ['PATH'])"
    env = {**os.environ, "PATH": "/usr/bin:/bin"}
    asked = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def test_the_persons_own_aws_and_pulumi_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile or a session token would go with the local keys, and be refused."""
    monkeypatch.setattr(
        os, "environ", {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine", "PULUMI_STACK": "mine", "A": "b"}
    )
    stacks.unset_foreign_variables()
    assert os.environ == {"A": "b"}


def test_a_shell_for_the_environment_forgets_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`local env` unsets what it does not set."""
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setattr(sys, "argv", ["local", "env"])
    monkeypatch.setattr(commands, "tools_folder", lambda: Path("/tools"))
    assert commands.main() == 0
    unset, *exported = capsys.readouterr().out.splitlines()
    assert "AWS_PROFILE" in unset.split()
    assert "AWS_REGION" not in unset.split()
    assert f"export AWS_REGION={config.REGION}" in exported


def test_a_shell_for_the_environment_asks_its_own_aws(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every AWS client that reads the environment: the local keys never travel to the real AWS."""
    monkeypatch.setattr(sys, "argv", ["local", "env"])
    monkeypatch.setattr(commands, "tools_folder", lambda: Path("/tools"))
    assert commands.main() == 0
    printed = capsys.readouterr().out
    shown = subprocess.run(
        ["sh", "-c", f'{printed}\n"$0" -c "$1"', sys.executable, ENDPOINTS],
        env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.splitlines() == [f"{config.AWS_URL} {config.REGION}"] * 3


@pytest.mark.parametrize("command", [["matrix"], ["ask", "test", "test/a"]])
def test_asking_before_it_is_up_says_what_to_run(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names `make up`, and nothing is built first."""
    monkeypatch.setattr(sys, "argv", ["local", *command])
    monkeypatch.setattr(host, "why_not_running", lambda: "the machine is not running; see machine.log")
    monkeypatch.setattr(commands, "tools_folder", lambda: pytest.fail("the tools were asked for"))
    assert commands.main() == 1
    said = capsys.readouterr().err
    assert "the laptop environment is not up: the machine is not running; see machine.log; run `make up` first" in said
