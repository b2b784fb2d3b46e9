"""The unchanged sidecar, which on SIGUSR1 writes one line on stderr: how much memory it has in use.

What the kernel counts (VmRSS) moves with the allocators' free lists; what is in use does not, so that even a slow leak
shows. Two figures: objects, as Python's own allocator counts its blocks, of up to 512 bytes; and the bytes of all else,
as the C library counts them. Uncollected garbage counts as in use: the collector is not run for these figures.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from secret_sidecar import __main__

PREFIX = "in use: "


class _Mallinfo(ctypes.Structure):
    """`struct mallinfo2` (mallinfo(3))."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


_libc = ctypes.CDLL(None)
_libc.mallinfo2.restype = _Mallinfo


def _report(*_: object) -> None:
    of_c = _libc.mallinfo2()
    os.write(2, f"{PREFIX}{sys.getallocatedblocks()} {of_c.uordblks + of_c.hblkhd}\n".encode())


def main() -> int:
    """Run the sidecar."""
    signal.signal(signal.SIGUSR1, _report)
    return __main__.main([])


if __name__ == "__main__":
    sys.exit(main())
