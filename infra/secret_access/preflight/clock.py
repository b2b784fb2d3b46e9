"""Whether clocks agree: a token that is from the future is refused. Pure."""

from datetime import datetime, timedelta

from .check import Check, Severity

TOLERATED, REFUSED = timedelta(seconds=10), timedelta(seconds=60)
"""What no cloud minds, and what some refuse."""
CLUSTERS = "the cluster's clock"


def ahead(said: datetime, before: datetime, after: datetime) -> timedelta:
    """Return how much a clock, which says whole seconds, is ahead of the one that was read before and after it."""
    if said > after:
        return said - after
    return min(said + timedelta(seconds=1) - before, timedelta())


def clocks(of_cluster: timedelta, of_issuer: timedelta | None) -> list[Check]:
    """Hold the API server's clock, which tokens have, against this machine's and that of the issuer's server."""
    found = [judged("clock", CLUSTERS, of_cluster, "this machine's")]
    if of_issuer is not None:
        found.append(judged("issuer-clock", CLUSTERS, of_cluster - of_issuer, "that of the issuer's server"))
    return found


def judged(check: str, what: str, difference: timedelta, other: str) -> Check:
    """Judge by how much a clock is ahead of another."""
    seconds = difference.total_seconds()
    if abs(difference) <= TOLERATED:
        return Check(check, Severity.OK, what, f"agrees with {other}")
    text = f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} {other}"
    severity = Severity.ERROR if abs(difference) > REFUSED else Severity.WARNING
    return Check(check, severity, what, text, "let both follow the same NTP servers")
