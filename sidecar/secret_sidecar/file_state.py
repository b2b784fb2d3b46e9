"""What tells a file from the one that was in its place before."""

from __future__ import annotations

import os
from pathlib import Path

FileState = tuple[int, ...]


def state_of(path: Path | str) -> FileState | None:
    """Return device, inode, times and size of a file, behind all links; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
