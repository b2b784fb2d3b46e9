"""Forward Ctrl-C to Pulumi, and let it finish.

`subprocess.run` kills an interrupted child after 0.25 s. Pulumi needs as long as the operations in progress: killed
earlier, it leaves the stack's lock, and resources that its state does not know. A second SIGINT has the same effect, so
each child gets one.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from types import FrameType

_RUNNING: dict[subprocess.Popen[str], bool] = {}
"""The children, and whether each got the signal."""


def forward_sigint() -> None:
    """From now on Ctrl-C ends what `run` runs, in any thread, and then this program. Call it in the main thread."""
    signal.signal(signal.SIGINT, _interrupted)


def run(command: list[str], *, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`, with all output captured; raises KeyboardInterrupt once the child has ended by itself.

    The child gets its own process group: the terminal signals a whole group, so the child would get SIGINT twice.
    """
    child = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    _RUNNING[child] = False
    try:
        out, err = child.communicate()
    except KeyboardInterrupt:
        if not _RUNNING[child]:
            child.send_signal(signal.SIGINT)
        child.communicate()
        raise
    finally:
        del _RUNNING[child]
    return subprocess.CompletedProcess(command, child.returncode, out, err)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    for child in list(_RUNNING):
        child.send_signal(signal.SIGINT)
        _RUNNING[child] = True
    raise KeyboardInterrupt
