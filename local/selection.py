"""Which clouds the laptop environment has: those of ``CLOUD``, else those it was started with, else the default.

Standard library only: tools/setup.py asks too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from local import config

NAMES = ("aws", "gcp", "azure", "vault")
EVERY = "all"
DEFAULT = EVERY
STARTED_WITH = config.MACHINE / "clouds"
"""The names of the clouds that the machine was started with, one a line; `make down` removes it."""


class CloudError(RuntimeError):
    """The clouds that were asked for cannot be had; the message says why and what to do."""


def wanted() -> tuple[str, ...]:
    """The clouds to work on; raises CloudError where ``CLOUD`` is none of the names."""
    given = os.environ.get("CLOUD") or None
    if given is None:
        return started_with() or named(DEFAULT)
    return named(given)


def named(given: str) -> tuple[str, ...]:
    """The clouds that a value of ``CLOUD`` means; raises CloudError for any other."""
    if given == EVERY:
        return NAMES
    if given not in NAMES:
        raise CloudError(f"CLOUD: given {given!r}, expected one of {', '.join((*NAMES, EVERY))}")
    return (given,)


def started_with() -> tuple[str, ...]:
    """The clouds that the machine was started with; none where it was not."""
    try:
        return tuple(STARTED_WITH.read_text().split())
    except FileNotFoundError:
        return ()


def remember(names: Sequence[str]) -> None:
    """Keep what the machine is started with."""
    STARTED_WITH.write_text("".join(f"{name}\n" for name in names))


def check_is_up() -> None:
    """Raise CloudError where a cloud is wanted that the running machine was not started with."""
    there = started_with()
    if missing := [name for name in wanted() if name not in there]:
        given = os.environ.get("CLOUD") or EVERY
        raise CloudError(
            f"CLOUD: given {given!r}, but the laptop environment is up without {', '.join(missing)}, expected one of "
            f"{', '.join(there) or 'none'}; `make down up CLOUD={given}` starts it anew"
        )
