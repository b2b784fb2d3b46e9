"""What a command and all its descendants use: time, processor time and memory. Linux."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
_INTERVAL = 0.05


@dataclass(frozen=True)
class Used:
    """Seconds on the clock, seconds of processor time, and MB of memory at most; and what was printed."""

    seconds: float
    cpu_s: float
    peak_mb: float
    printed: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Used:
    """Run a command to its end and return what it used; raises SystemExit with what it printed if it fails.

    Processor time is the kernel's own count, user and system, of every descendant (getrusage(2), RUSAGE_CHILDREN):
    those that the command leaves behind become ours (prctl(2), PR_SET_CHILD_SUBREAPER), and are waited for. Memory is
    the sum of the resident pages of all of them, looked at twenty times a second; a page that two share counts twice.
    """
    with _orphans_are_ours():
        return _run(command, folder, environment)


@contextmanager
def _orphans_are_ours() -> Iterator[None]:
    libc = ctypes.CDLL(None)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("bench: prctl(PR_SET_CHILD_SUBREAPER) failed: processes left behind would not be counted")
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Used:
    before = _cpu_seconds()
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        peak, printed = 0.0, ""
        while process.returncode is None:
            try:
                printed, _ = process.communicate(timeout=_INTERVAL)
            except subprocess.TimeoutExpired:
                peak = max(peak, sum(map(_resident_mb, _descendants(os.getpid()))))
    seconds = time.monotonic() - began
    _wait_for_orphans()
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(command)} failed:\n{printed}")
    return Used(seconds, _cpu_seconds() - before, peak, printed)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait_for_orphans() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def _descendants(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:  # it has ended meanwhile
            continue
        for child in map(int, found):
            yield child
            yield from _descendants(child)


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MB
    except OSError:
        return 0.0
