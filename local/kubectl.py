"""kubectl on the laptop environment's cluster."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from local import config


class KubectlError(RuntimeError):
    """kubectl failed; the message is what it said."""


@dataclass(frozen=True)
class Kubectl:
    """The pinned kubectl in the folder of tools, as the cluster's admin."""

    tools: Path

    @property
    def command(self) -> list[str]:
        """The program, and the cluster that it asks."""
        return [
            str(self.tools / "kubectl"),
            f"--kubeconfig={config.KUBECONFIG}",
            f"--cache-dir={config.KUBECTL_CACHE}",
        ]

    def __call__(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002 — subprocess's own word
        """Run kubectl and return what it prints."""
        done = subprocess.run([*self.command, *arguments], input=input, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout
