"""What docs/sidecar-api.md documents: the table of its errors is the list of what may be answered."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "sidecar-api.md"
_ROW = re.compile(r"^\| (\d{3}(?:, \d{3})*) \| `([a-z-]+)` \|", re.MULTILINE)

Kind = tuple[int, str]
"""A status, and the last word of a problem's type."""


def problems(document: Path = DOCUMENT) -> frozenset[Kind]:
    """Return the errors that are documented."""
    rows = _ROW.findall(document.read_text(encoding="utf-8"))
    found = frozenset((int(status), slug) for statuses, slug in rows for status in statuses.split(", "))
    if len(found) < 10:
        raise ValueError(f"{document}: {len(found)} rows of errors, expected at least 10: has the table changed?")
    return found


def slug(problem_type: str) -> str:
    """Return the word in the table for a problem's type."""
    return problem_type.removeprefix("urn:secret-access:problem:").replace("about:blank", "about-blank")
