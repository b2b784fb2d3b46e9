"""Where a connection is, and what it waits for."""

from __future__ import annotations

from enum import Enum, IntEnum


class Phase(IntEnum):
    """Where a connection is; there is no way back."""

    HANDSHAKE = 0
    """Of TLS; nothing can be asked yet."""
    OPEN = 1
    """Requests are taken."""
    LAST = 2
    """No further request is taken; the caller may still be there."""
    FINISHED = 3
    """The caller sends no more (a half-closed connection): whoever waits for the end is told."""
    STOPPING = 4
    """The server ends: the answer that is being given is the last, and whoever waits for the end is told."""
    LOST = 5
    """Nothing that is written arrives any more."""


HANDSHAKE, OPEN, LAST, FINISHED, STOPPING, LOST = Phase
# For the paths that every request takes: Python 3.11 takes long to find a member in its class.


class Wait(Enum):
    """What a connection waits for, each for so long at most."""

    HANDSHAKE = "the TLS handshake, which has its own alarm"
    READER = "the caller to take what was written"
    APPLICATION = "the application, which has deadlines of its own"
    END = "the caller to read the last answer"
    REST = "the rest of a request"
    REQUEST = "a request"
