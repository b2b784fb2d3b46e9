"""One checkout at a time holds the machine."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from local import config, host


@pytest.fixture(autouse=True)
def own_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "RUN", tmp_path / "run")
    monkeypatch.setattr(host, "OWNER", tmp_path / "run" / "owner.json")
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def owned_by(checkout: str, started: str | None = None) -> None:
    owner = host.Owner(checkout, os.getpid(), started or host._started(os.getpid()), {})
    config.RUN.mkdir(exist_ok=True)
    host.OWNER.write_text(json.dumps(asdict(owner)))


def test_a_second_checkout_is_told_who_has_the_machine() -> None:
    """The message names the other checkout and what to do."""
    owned_by("/somewhere/else")
    with (
        pytest.raises(host.TakenError, match=r"another checkout, /somewhere/else.*run `make down` there"),
        host.claim(),
    ):
        pass


def test_a_checkout_whose_machine_died_gives_it_up() -> None:
    """A process number that another process got since is no machine."""
    owned_by("/somewhere/else", started="1")
    with host.claim():
        assert not host.running()


def test_the_owner_may_claim_its_own_machine() -> None:
    """The checkout that has it up is not in its own way."""
    owned_by(str(config.ROOT))
    with host.claim():
        assert host.running()


def test_two_at_once_in_one_checkout_are_told_apart() -> None:
    """While one command works, the next says so instead of breaking it."""
    with host.claim():
        with pytest.raises(host.TakenError, match="at work on this machine"), host.claim():
            pass
        assert config.RUN.exists()


def test_who_claims_writes_and_the_next_reads() -> None:
    """The claim outlives the command that made it, until the machine is gone."""
    owner = host.Owner("/somewhere/else", os.getpid(), host._started(os.getpid()), {"kernel/panic": "0"})
    with host.claim():
        owner.write()
    assert host.Owner.read() == owner


def test_a_start_that_fails_leaves_no_claim() -> None:
    """The folder goes with a command that ended before there was a machine."""
    with pytest.raises(ZeroDivisionError), host.claim():
        raise ZeroDivisionError
    assert not config.RUN.exists()


def test_only_root_may_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody else is told so before anything is tried."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(host.TakenError, match="user id 1000 given, expected 0"), host.claim():
        pass


def test_nothing_stays_when_nothing_is_owned() -> None:
    """The folder under /run goes with the last claim."""
    with host.claim():
        assert config.RUN.exists()
    assert not config.RUN.exists()


def test_what_the_machine_would_hide_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine has its own /run, /var/lib and /var/log: neither checkout nor tools may be there."""
    (tmp_path / "kubelet").touch()
    host._check_place(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(config, "ROOT", Path("/var/lib/jobs/checkout"))
        with pytest.raises(host.TakenError, match="the checkout is at /var/lib/jobs/checkout, expected outside /run"):
            host._check_place(tmp_path)
    (tmp_path / "kubectl").symlink_to("/var/lib/ci/.cache/kubectl")
    with pytest.raises(host.TakenError, match=r"a tool is at /var/lib/ci/.cache/kubectl.*XDG_CACHE_HOME"):
        host._check_place(tmp_path)
