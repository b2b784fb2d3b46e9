"""The locks in Pulumi's local backend: one whose pulumi is dead keeps everybody out for nothing.

A pulumi that was killed leaves its lock. https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/lock.go
"""

from __future__ import annotations

import json
import socket
from pathlib import Path


def forget_those_of_the_dead(backend: Path) -> list[Path]:
    """Remove the locks of processes of this host that are no more; what was removed.

    A lock of another host, of a pulumi that runs, or that cannot be read, stays.
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
    """Whether the process is there, and not another that got its number."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi"
    except OSError:
        return False
