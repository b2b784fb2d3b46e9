"""A lock is removed if its holder is certainly dead, and in no other case."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from local.progress import wait_for
from local.stale_locks import remove_stale_locks


def lock_of(backend: Path, text: str) -> Path:
    """A lock as Pulumi's local backend writes it, with the file that it keeps beside it."""
    lock = backend / ".pulumi" / "locks" / "organization" / "project" / "stack" / "one.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(text)
    lock.with_name("one.json.attrs").write_text("{}")
    return lock


def holder(pid: int, hostname: str | None = None) -> str:
    return json.dumps({"pid": pid, "username": "ann", "hostname": hostname or socket.gethostname(), "timestamp": ""})


def dead() -> int:
    """The number of a process that is no more."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def test_a_lock_of_the_dead_is_removed(tmp_path: Path) -> None:
    """Also if another process, which is no pulumi, has got the number since."""
    for pid in (dead(), os.getpid()):
        lock = lock_of(tmp_path / str(pid), holder(pid))
        assert remove_stale_locks(tmp_path / str(pid)) == [lock]
        assert list(lock.parent.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [holder(dead(), "another-host"), "", "[]", '{"pid": 1}'],
    ids=["another host", "empty", "a list", "no host"],
)
def test_what_may_be_somebodys_stays(text: str, tmp_path: Path) -> None:
    """Of another host, or in a form that is not known."""
    lock = lock_of(tmp_path, text)
    assert remove_stale_locks(tmp_path) == []
    assert lock.exists()


def test_the_lock_of_a_pulumi_that_runs_stays(tmp_path: Path) -> None:
    """Somebody deploys from a shell of their own."""
    program = tmp_path / "pulumi"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as running:
        comm = Path(f"/proc/{running.pid}/comm")
        wait_for("its name", lambda: comm.read_text() == "pulumi\n")  # set a moment after the new program has begun
        lock = lock_of(tmp_path, holder(running.pid))
        assert remove_stale_locks(tmp_path) == []
        running.kill()
    assert remove_stale_locks(tmp_path) == [lock]


def test_without_a_backend_there_is_nothing_to_do(tmp_path: Path) -> None:
    """The first `make up`."""
    assert remove_stale_locks(tmp_path) == []
