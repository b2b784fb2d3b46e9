"""How much a caller may send, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Sizes are in bytes, times in seconds. Times are kept to the sweep, which looks at all connections at once."""

    target: int = 8 << 10
    headers: int = 64
    head: int = 16 << 10  # names and values of all headers
    body: int = 400 << 10  # the largest secret of any vault, every byte of it escaped as JSON
    pipelined: int = 32  # requests that wait for the answers to those before them
    unread: int = 64 << 10  # of answers that a caller does not take, from which on the application waits
    connections: int = 512  # TLS handshakes under way too
    memory: int = 32 << 20  # of requests that are being read or wait, and of unread answers, over all connections
    handshake: float = 5.0  # of TLS
    request: float = 15.0  # from its first byte to its last
    idle: float = 75.0  # longer than clients keep an unused connection, so that they close it
    write: float = 30.0  # without a byte of an answer being taken
    linger: float = 2.0  # for the caller to read the last answer
    sweep: float = 1.0
