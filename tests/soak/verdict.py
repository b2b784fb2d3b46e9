"""Whether memory and file descriptors stayed flat: by a line through the samples, and by what is in use, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from tests.soak.process import InUse, Sample

WARM_UP = 0.2
"""The part of the run that is not judged."""
WARM = 300.0
"""Seconds that a run must have for its memory to be called flat; pools and the allocator's arenas fill up first."""
GROWTH_KB, GROWTH_KB_COLD = 3072, 16 << 10
"""Kilobytes by which the line through the rest may rise, in a run that long and in a shorter one."""
IN_USE = {"objects": 4000, "bytes": 512 << 10}
IN_USE_COLD = {"objects": 5000, "bytes": 4 << 20}
"""What may be in use beyond what was, in a run that long and in a shorter one. Ten minutes are some 300,000 reads:
a leak of one object in sixty reads, or of large ones of two bytes a read, is found out."""
GROWTH_FDS, GROWTH_FDS_COLD = 32.0, 96.0
"""File descriptors by which the line may rise, in a run that long and in a shorter one: callers come and go, and a
burst near the end lifts the line of a short run. That none is kept is judged at the end, exactly."""


def allowed_kb(seconds: float) -> int:
    """Return by how many kilobytes memory may grow in a run of so many seconds."""
    return GROWTH_KB if seconds >= WARM else GROWTH_KB_COLD


def allowed_fds(seconds: float) -> float:
    """Return by how many the file descriptors may grow in a run of so many seconds."""
    return GROWTH_FDS if seconds >= WARM else GROWTH_FDS_COLD


def growth(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the least-squares line through the points rises from the first to the last."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0
    return slope * (points[-1][0] - points[0][0])


def judged(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return the samples after warming up."""
    return samples[int(len(samples) * WARM_UP) :]


def memory_growth(samples: Sequence[Sample]) -> float:
    """Return by how many kilobytes memory grew after warming up."""
    return growth([(sample.at, float(sample.rss)) for sample in judged(samples)])


def allowed_in_use(seconds: float) -> dict[str, int]:
    """Return how much more may be in use at the end of a run of so many seconds."""
    return IN_USE if seconds >= WARM else IN_USE_COLD


def in_use_growth(held: Sequence[InUse]) -> dict[str, float]:
    """Return by how much what is in use grew after warming up, by medians: a burst at either end tells nothing."""
    rest = held[int(len(held) * WARM_UP) :]
    third = len(rest) // 3
    if not third:
        return {}

    def grew(figures: Sequence[int]) -> float:
        return (median(figures[-third:]) - median(figures[:third])) * 1.5  # they are two thirds of the time apart

    return {"objects": grew([one.objects for one in rest]), "bytes": grew([one.bytes for one in rest])}


def fd_growth(samples: Sequence[Sample]) -> float:
    """Return by how many the file descriptors grew after warming up."""
    return growth([(sample.at, float(sample.fds)) for sample in judged(samples)])
