"""How the command ends when something is in the way: never with an exit code that is a verdict."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from local.progress import wait_for
from secret_access.cli.main import READER_GONE, STOPPED, UNUSABLE, cli, main
from tests.infra.report.answers import evaluation

COMMAND = Path(sys.executable).parent / "secret-access"


@pytest.fixture
def given(tmp_path: Path) -> tuple[str, ...]:
    """A report that has something to print."""
    file = tmp_path / "evaluation.json"
    file.write_text(evaluation())
    return ("report", "--evaluation", str(file))


def run(*arguments: str, stdout: int = subprocess.PIPE, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **more}
    return subprocess.run(
        [COMMAND, *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment, check=False
    )


def test_a_reader_that_is_gone_ends_it_in_silence(given: tuple[str, ...]) -> None:
    """As `head` is after its lines."""
    reads, writes = os.pipe()
    os.close(reads)
    result = run(*given, stdout=writes)
    os.close(writes)
    assert (result.returncode, result.stderr) == (READER_GONE, "")


def test_a_full_disk_is_one_sentence(given: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        result = run(*given, stdout=full.fileno())
    assert (result.returncode, result.stderr) == (UNUSABLE, "secret-access: the output: No space left on device\n")


def test_a_folder_that_does_not_exist_is_one_sentence(given: tuple[str, ...], tmp_path: Path) -> None:
    result = run(*given, "-o", f"{tmp_path}/none/report.html")
    assert result.returncode == UNUSABLE
    assert result.stderr == f"secret-access: {tmp_path}/none/report.html: No such file or directory\n"


def test_what_the_terminals_encoding_lacks_is_shown_escaped(given: tuple[str, ...]) -> None:
    result = run(*given, "--title", "\U0001f600", PYTHONIOENCODING="latin-1")
    assert result.returncode == 0, result.stderr
    assert "\\U0001f600" in result.stdout


def test_ctrl_c_is_no_verdict(tmp_path: Path) -> None:
    """And kubectl goes with it."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\ncat\necho $$ > {tmp_path}/pid\nexec sleep 600\n")  # after its standard input
    kubectl.chmod(0o700)
    asking = subprocess.Popen([COMMAND, "rbac", "--kubectl", kubectl], stderr=subprocess.PIPE, text=True)
    wait_for("kubectl", lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
    asking.send_signal(signal.SIGINT)
    _, said = asking.communicate()
    assert (asking.returncode, said) == (STOPPED, "secret-access: stopped\n")
    running = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/cmdline")
    wait_for("the end of kubectl", lambda: not running.exists() or not running.read_bytes())


def test_a_defect_is_no_verdict(given: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack trace is for whoever mends it."""
    monkeypatch.setattr("secret_access.cli.report.reported", lambda *_: 1 / 0)
    result = CliRunner().invoke(cli, given)
    assert result.exit_code == UNUSABLE
    assert "ZeroDivisionError" in result.stderr
    assert result.stderr.endswith("this is a defect of secret-access, and no verdict\n")


@pytest.mark.parametrize(("value", "is_coloured"), [("1", False), ("", True)])
def test_only_a_value_of_no_color_counts(value: str, is_coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """https://no-color.org: `when present and not an empty string`."""
    given: dict[str, object] = {}
    monkeypatch.setenv("NO_COLOR", value)
    monkeypatch.setattr("secret_access.cli.main.cli", lambda **options: given.update(options))
    monkeypatch.setattr("sys.stdout", sys.__stdout__)
    main()
    assert given == {"color": None if is_coloured else False}
