"""The sidecar as it is, but on SIGUSR1 it tells what it holds: one line on stderr.

What the kernel counts (VmRSS) moves with the allocators' free lists; what is in use does not, so that even a slow leak
shows. Two figures: objects, as Python's own allocator counts its blocks, of up to 512 bytes; and the bytes of all else,
as the C library counts them. Garbage that waits to be found is in use too: no search is made for these figures.
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


def _tell(*_: object) -> None:
    of_c = _libc.mallinfo2()
    os.write(2, f"{PREFIX}{sys.getallocatedblocks()} {of_c.uordblks + of_c.hblkhd}\n".encode())


def main() -> int:
    """Run the sidecar."""
    signal.signal(signal.SIGUSR1, _tell)
    return __main__.main([])


if __name__ == "__main__":
    sys.exit(main())
