"""One check, and what it found."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """The sidecar will not work, or will not be admitted."""
    WARNING = "warning"
    """It works, with less protection or in part."""
    OK = "ok"
    UNKNOWN = "unknown"
    """It could not be asked."""


@dataclass(frozen=True)
class Check:
    """One check, and what it found."""

    id: str
    severity: Severity
    what: str
    """What was asked about, such as `the issuer's keys`."""
    found: str
    mend: str = ""
    """What to do; empty where nothing is to be done."""
