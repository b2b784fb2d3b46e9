"""A short soak: the sidecar passes, and sidecars that break a promise are detected."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import pytest
import uvloop

from tests.soak import broken_sidecar, report
from tests.soak.run import SIDECAR, Run, run


def soak(seconds: float, command: Sequence[str] = SIDECAR) -> Run:
    """One run, always with the same random choices."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(seconds, seed=4, command=command))


def test_twenty_seconds_of_mixed_load() -> None:
    """No answer that is not documented, no stale, lost or foreign value, no leak, and faults of every kind."""
    result = soak(20)
    assert result.passed, "\n".join(report.lines(result))
    told = report.document(result)
    assert told["outcomes"]["own"]["200"] > 100
    assert told["outcomes"]["foreign"]["403 denied"] > 20
    assert {"the vault is down", "all sessions are revoked", "the token file vanishes"} <= told["faults"].keys()


@pytest.mark.parametrize(
    ("how", "rules", "seconds"),
    [
        ("caches", {"stale"}, 5),
        ("joins", {"stale"}, 5),
        ("mixes", {"foreign"}, 5),
        ("loses", {"lost"}, 5),
        ("tells", {"leak"}, 5),
        ("keeps", {"leak of descriptors", "memory"}, 5),
        ("notes", {"memory in use"}, 15),
        ("fails", {"internal-error", "log"}, 5),
    ],
)
def test_a_broken_sidecar_is_found_out(how: str, rules: set[str], seconds: float) -> None:
    """Each broken promise by its own rules, in a few seconds; a busy machine, which reads less in them, has more."""
    for longer in (1, 3, 9):
        result = soak(seconds * longer, [sys.executable, "-m", broken_sidecar.__name__, how])
        if rules <= result.judge.counts.keys():
            break
    assert not result.passed
    assert rules <= result.judge.counts.keys(), "\n".join(report.lines(result))
