"""Build the Go tools that have no package here, once per version, into the user's cache folder.

``python3 tools/build.py [NAME ...]`` prints the folder that then holds every tool named (all of
them without arguments). A tool of the pinned version that is already on PATH is linked, not built.
The versions are those of ``tools/*/go.mod``; the checksums are those of the ``go.sum`` beside it.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Tool:
    """One command: the module folder that pins it, its package, and what sets its version at link time."""

    name: str
    module: str
    package: str
    pinned_by: str
    version_flag: tuple[str, ...]
    ldflags: str

    @property
    def version(self) -> str:
        """The pinned version, such as ``v1.36.3``, read from the module's go.mod."""
        text = (TOOLS / self.module / "go.mod").read_text()
        found = re.search(rf"^(?:require )?\s*{re.escape(self.pinned_by)} (v\S+)", text, re.MULTILINE)
        if not found:
            raise SystemExit(f"tools/{self.module}/go.mod does not require {self.pinned_by}")
        return found[1]


def _kubernetes(name: str) -> Tool:
    flags = "-X k8s.io/component-base/version.gitVersion={v} -X k8s.io/client-go/pkg/version.gitVersion={v}"
    show = ("version", "--client") if name == "kubectl" else ("--version",)
    return Tool(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", "k8s.io/kubernetes", show, flags)


ALL = (
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubelet"),
    _kubernetes("kubectl"),
    Tool(
        "pulumi",
        "pulumi",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        "github.com/pulumi/pulumi/pkg/v3",
        ("version",),
        "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={v}",
    ),
)


def folder() -> Path:
    """The cache folder for exactly these versions, so that other checkouts with the same pins start warm."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pins = sorted({f"{tool.module}-{tool.version}" for tool in ALL})
    return cache / "secret-access" / "tools" / "_".join(pins)


def on_path(tool: Tool) -> Path | None:
    """The tool on PATH if it says that it is of the pinned version."""
    found = shutil.which(tool.name)
    return Path(found) if found and is_pinned(tool, Path(found)) else None


def is_pinned(tool: Tool, binary: Path) -> bool:
    """Whether a binary says that it is of the pinned version; one that was linked may have been upgraded since."""
    shown = subprocess.run([binary, *tool.version_flag], capture_output=True, text=True, check=False)
    return bool(re.search(rf"{re.escape(tool.version)}(?![\w.])", shown.stdout))


def build(tool: Tool, to: Path) -> None:
    """Compile one tool; the finished binary appears under its name in one step."""
    if not shutil.which("go"):
        raise SystemExit(f"{tool.name} {tool.version} is not built, and go is not on PATH: expected Go 1.26 or newer")
    half_made = to.with_name(f".{tool.name}.{os.getpid()}")
    command = ["go", "build", "-trimpath", f"-ldflags=-s -w {tool.ldflags.format(v=tool.version)}"]
    with subprocess.Popen(
        [*command, "-o", str(half_made), tool.package],
        cwd=TOOLS / tool.module,
        env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"},
        stderr=subprocess.PIPE,
        text=True,
    ) as go:
        said = [line for line in go.stderr or () if not line.startswith("go: downloading ")]
    if go.returncode:
        raise SystemExit(f"{tool.name} {tool.version}: go build failed:\n{''.join(said)}")
    half_made.rename(to)


def say(text: str) -> None:
    """Progress goes to standard error; standard output carries the folder alone."""
    print(f"  tools: {text}", file=sys.stderr, flush=True)


def main(names: list[str]) -> int:
    """Make sure that every named tool is in the cache folder, then print that folder."""
    known = {tool.name: tool for tool in ALL}
    if unknown := sorted(set(names) - set(known)):
        print(f"unknown tool {', '.join(unknown)}; expected one of {', '.join(known)}", file=sys.stderr)
        return 2
    os.environ.setdefault("HOME", str(Path.home()))  # Go has no cache without one
    to = folder()
    to.mkdir(parents=True, exist_ok=True)
    with open(to / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checkouts never build the same tool twice
        for tool in [known[name] for name in names or known]:
            binary = to / tool.name
            if binary.exists() and not (binary.is_symlink() and not is_pinned(tool, binary)):
                continue
            binary.unlink(missing_ok=True)
            if found := on_path(tool):
                binary.symlink_to(found)
                say(f"{tool.name} {tool.version} found at {found}")
                continue
            say(f"{tool.name} {tool.version}: building (minutes the first time, never again)")
            started = time.monotonic()
            build(tool, binary)
            say(f"{tool.name} {tool.version}: built in {time.monotonic() - started:.0f} s")
    print(to)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
