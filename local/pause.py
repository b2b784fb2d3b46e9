"""Compiles the program of the image that holds a pod's sandbox open: Debian has no such image."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def compile_pause(context: Path) -> None:
    """Compile `tools/pause` in a build context: static, and the same bytes wherever the same Go compiles it."""
    subprocess.run(
        ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", "pause", "."],
        cwd=context / "tools/pause",
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"},
        check=True,
    )
