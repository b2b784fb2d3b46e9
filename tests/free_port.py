"""Ports of the loopback for servers that cannot be told to take any."""

from __future__ import annotations

import itertools
import os
import random
import socket

WORKERS = 16
"""At most so many test processes run side by side, each with ports of its own."""
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = range(10_000 + WORKER % WORKERS, 30_000, WORKERS)
"""Below those that Linux gives to outgoing connections (net.ipv4.ip_local_port_range: 32768 and up), so that a port
stays free until its server listens, and again after it has ended."""
_in_turn = itertools.cycle(random.sample(PORTS, len(PORTS)))


def free_port() -> int:
    """Return a port that no server listens on, another one at each call."""
    for port in _in_turn:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("unreachable: a cycle has no end")
