"""What counts of a pod's log."""

import json

import pytest

from secret_access.probe.answers import TWICE, cells, read
from secret_access.probe.identities import identities
from secret_access.probe.plan import plan
from tests.infra.probe.pods import DENIED, pod

PLACE = "aws eu-west-1"
OWN, OTHER = "test/database-password", "prod/database-password"


def line(name: str, **more: object) -> str:
    return json.dumps({"place": PLACE, "name": name, "at": "2026-01-01T00:00:00Z", **more}) + "\n"


def test_a_log_that_was_cut_has_fewer_answers() -> None:
    """A line that is not whole is none, and its question has no answer."""
    log = line(OWN, status=200) + line(OTHER, **DENIED)
    for cut in (len(line(OWN, status=200)), -3):
        found = read("pod", log[:cut], "it is gone")
        assert list(found.to) == [(PLACE, OWN)]


@pytest.mark.parametrize(
    "said",
    [
        "[]",
        "403",
        '{"place": "aws eu-west-1", "status": 403}',
        '{"name": "prod/database-password", "status": 403}',
        '{"place": 1, "name": "prod/database-password", "status": 403}',
        '{"time": "2026-01-01", "name": "prod/database-password", "status": 403, "backend": "aws"}',
    ],
)
def test_other_lines_are_no_answers(said: str) -> None:
    """A sidecar's own log has names and statuses, too."""
    assert read("pod", said).to == {}


def test_a_status_that_is_no_number_is_none() -> None:
    """Nor is `true` the number 1."""
    for status in ("403", True, 403.0, None):
        assert read("pod", line(OTHER, status=status)).to[PLACE, OTHER].status is None


@pytest.mark.parametrize("statuses", [(200, 403), (403, 200), (403, 403, 200)])
def test_of_two_answers_that_differ_neither_counts(statuses: tuple[int, ...]) -> None:
    """The program answers once: somebody else writes into that log."""
    found = read("pod", "".join(line(OTHER, **{**DENIED, "status": status}) for status in statuses))
    assert found.to[PLACE, OTHER].detail == TWICE
    assert found.to[PLACE, OTHER].status is None


def test_an_answer_about_another_place_is_none() -> None:
    """One name may be two secrets, in two regions."""
    (probe,) = [
        each for each in plan(identities([pod("test"), pod("prod")])).probes if each.identity.namespace == "test"
    ]
    log = line(OWN, status=200) + line(OTHER, **DENIED).replace(PLACE, "aws us-east-1")
    assert [(cell.status, cell.detail) for cell in cells(probe, read("pod", log, "not asked"))] == [
        (200, "read"),
        (None, "not asked"),
    ]
