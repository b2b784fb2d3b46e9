"""One checkout at a time holds the machine."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from local import facts, host


@pytest.fixture(autouse=True)
def own_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "RUN", tmp_path / "run")
    monkeypatch.setattr(host, "OWNER", tmp_path / "run" / "owner.json")


def owned_by(checkout: str, started: str | None = None) -> None:
    owner = host.Owner(checkout, os.getpid(), started or host._started(os.getpid()), {})
    facts.RUN.mkdir(exist_ok=True)
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
    owned_by(str(facts.ROOT))
    with host.claim():
        assert host.running()


def test_two_at_once_in_one_checkout_are_told_apart() -> None:
    """While one command works, the next says so instead of breaking it."""
    with host.claim(), pytest.raises(host.TakenError, match="at work on this machine"), host.claim():
        pass


def test_nothing_stays_when_nothing_is_owned() -> None:
    """The folder under /run goes with the last claim."""
    with host.claim():
        assert facts.RUN.exists()
    assert not facts.RUN.exists()


def test_a_checkout_where_the_machine_hides_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has its own /run, /var/lib and /var/log."""
    monkeypatch.setattr(facts, "ROOT", Path("/var/lib/jobs/checkout"))
    with pytest.raises(host.TakenError, match="/var/lib/jobs/checkout"):
        host._check_place()
