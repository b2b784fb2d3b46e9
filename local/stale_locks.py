"""Locks in Pulumi's local backend that a pulumi left when it was killed.

Each would block every later command on its stack. https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/lock.go
"""

from __future__ import annotations

import json
import socket
from pathlib import Path


def remove_stale_locks(backend: Path) -> list[Path]:
    """Remove the locks whose process on this host has ended, and return them.

    Locks of another host, of a running pulumi, and those that cannot be read stay.
    """
    gone = []
    for lock in (backend / ".pulumi" / "locks").rglob("*.json"):
        try:
            holder = json.loads(lock.read_text())
            dead = holder["hostname"] == socket.gethostname() and not _runs_pulumi(int(holder["pid"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if dead:
            lock.unlink(missing_ok=True)
            lock.with_name(f"{lock.name}.attrs").unlink(missing_ok=True)
            gone.append(lock)
    return gone


def _runs_pulumi(pid: int) -> bool:
    """Whether this process is a pulumi; the number may since belong to another program."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi"
    except OSError:
        return False
