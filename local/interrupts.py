"""Ctrl-C, handed on to a child that must end in its own time.

`subprocess.run` gives a child 0.25 s and then kills it. Pulumi takes as long as what it has under way: killed, it
leaves the stack's lock, and resources that its state does not know. Told twice, it ends at once and leaves the same.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from types import FrameType

_UNDER_WAY: dict[subprocess.Popen[str], bool] = {}
"""The children, and whether each was told."""


def hand_on() -> None:
    """From now on Ctrl-C ends what `run` has under way, in any thread, and then this program. For the main thread."""
    signal.signal(signal.SIGINT, _interrupted)


def run(command: list[str], *, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`, with all output captured; raises KeyboardInterrupt once the child has ended by itself.

    The child is in a process group of its own: the terminal tells a whole group, and ours would then tell it again.
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
    _UNDER_WAY[child] = False
    try:
        out, err = child.communicate()
    except KeyboardInterrupt:
        if not _UNDER_WAY[child]:
            child.send_signal(signal.SIGINT)
        child.communicate()
        raise
    finally:
        del _UNDER_WAY[child]
    return subprocess.CompletedProcess(command, child.returncode, out, err)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    for child in list(_UNDER_WAY):
        child.send_signal(signal.SIGINT)
        _UNDER_WAY[child] = True
    raise KeyboardInterrupt
