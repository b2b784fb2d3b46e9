"""Build the Go tools that have no package here, once per version, into the user's cache folder.

``python3 tools/build.py [NAME ...]`` builds what is missing of the tools named (without arguments: of those that
`make up` needs) and prints the folder that holds them; tools that do not share a folder have a line each. A tool of the
pinned version that is already on PATH is linked, not built. The versions are those of ``tools/*/go.mod``; the checksums
are those of the ``go.sum`` beside it. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

TOOLS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Tool:
    """One command, and what it is built from.

    ``module``: the folder in tools/ whose go.mod requires ``pinned_by``, the Go module that gives the tool its version.
    ``cpu_seconds``: what compiling it takes when the tools before it are compiled. ``version_flag``: how it shows its
    version; empty where it cannot, and then one on PATH is never used. ``ldflags``: {v} becomes the version.
    ``embeds``: files of the pinned module, by the name under which the package embeds them. ``replaces``: files of the
    pinned module, each with the one of ours in the folder that is compiled in its place. ``beside``: files of the
    pinned module that are put beside the tool, by the name that they get.
    """

    name: str
    module: str
    package: str
    pinned_by: str
    cpu_seconds: int
    version_flag: tuple[str, ...] = ()
    ldflags: str = ""
    embeds: tuple[tuple[str, str], ...] = ()
    replaces: tuple[tuple[str, str], ...] = ()
    beside: tuple[tuple[str, str], ...] = ()

    @property
    def version(self) -> str:
        """The pinned version, such as ``v1.36.3``, read from the module's go.mod."""
        text = (TOOLS / self.module / "go.mod").read_text()
        found = re.search(rf"^(?:require )?\s*{re.escape(self.pinned_by)} (v\S+)", text, re.MULTILINE)
        if not found:
            raise SystemExit(f"tools/{self.module}/go.mod does not require {self.pinned_by}")
        return found[1]


def _kubernetes(name: str, cpu_seconds: int) -> Tool:
    flags = "-X k8s.io/component-base/version.gitVersion={v} -X k8s.io/client-go/pkg/version.gitVersion={v}"
    show = ("version", "--client") if name == "kubectl" else ("--version",)
    return Tool(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", "k8s.io/kubernetes", cpu_seconds, show, flags)


LAPTOP = (
    _kubernetes("kube-apiserver", 550),
    _kubernetes("kube-controller-manager", 90),
    _kubernetes("kube-scheduler", 10),
    _kubernetes("kubelet", 30),
    _kubernetes("kubectl", 35),
    Tool(
        "pulumi",
        "pulumi",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        "github.com/pulumi/pulumi/pkg/v3",
        350,
        ("version",),
        "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={v}",
    ),
)
"""What `make up` needs, all in one folder, which is on the PATH of the laptop environment."""

KUBERNETES_PLUGIN_RELEASE = "4.25.0"
"""What the version of the plugin's module, the only one that the Go proxy serves, was released as."""
KUBERNETES_PLUGIN = Tool(
    "pulumi-resource-kubernetes",
    "pulumi-kubernetes",
    ".",
    "github.com/pulumi/pulumi-kubernetes/provider/v4",
    650,
    ldflags=f"-X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version={KUBERNETES_PLUGIN_RELEASE}",
    embeds=(
        ("schema.json", "cmd/pulumi-resource-kubernetes/schema.json"),
        ("terraform-mapping.json", "cmd/pulumi-resource-kubernetes/terraform-mapping.json"),
    ),
)

NETWORK = (
    _kubernetes("kube-proxy", 15),
    Tool("coredns", "coredns", ".", "github.com/coredns/coredns", 15),
    Tool(
        "kube-router",
        "kube-router",
        "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
        "github.com/cloudnativelabs/kube-router/v2",
        145,
    ),
)
"""What leads from a Service's name to its pods, and enforces NetworkPolicies: the laptop environment has none of it."""

EXTERNAL_SECRETS = Tool(
    "external-secrets",
    "external-secrets",
    "github.com/external-secrets/external-secrets",
    "github.com/external-secrets/external-secrets",
    170,
    replaces=(
        ("pkg/provider/register/register.go", "provider/register.go"),
        ("pkg/generator/register/register.go", "generator/register.go"),
    ),
    beside=(("custom-resource-definitions.yaml", "deploy/crds/bundle.yaml"),),
)

YAML = Tool(
    "pulumi-language-yaml",
    "pulumi-yaml",
    "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    "github.com/pulumi/pulumi-yaml",
    60,
)
"""Pulumi's language host for programs in YAML, which use the components as a package."""

NODEJS_SDK = Tool("pulumi-nodejs-sdk", "pulumi", "./nodejs-sdk", "github.com/pulumi/pulumi/pkg/v3", 5)
"""Pulumi's generator of SDKs for Node.js, by which the tests compile a program in TypeScript."""

TESTS = (KUBERNETES_PLUGIN, *NETWORK, EXTERNAL_SECRETS, YAML, NODEJS_SDK)
"""What `make test` needs beside them, each in a folder of its module: whether it is used is for others to say."""

ALL = (*LAPTOP, *TESTS)


def folder(tools: Sequence[Tool] = LAPTOP) -> Path:
    """The cache folder for exactly these versions, so that other checkouts with the same pins start warm."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pins = sorted({f"{tool.module}-{tool.version}" for tool in tools})
    return cache / "secret-access" / "tools" / "_".join(pins)


def folder_of(tool: Tool) -> Path:
    """The cache folder that a tool is built into."""
    return folder(LAPTOP if tool in LAPTOP else (tool,))


def on_path(tool: Tool) -> Path | None:
    """The tool on PATH if it says that it is of the pinned version."""
    found = shutil.which(tool.name) if tool.version_flag else None
    return Path(found) if found and is_pinned(tool, Path(found)) else None


def is_pinned(tool: Tool, binary: Path) -> bool:
    """Whether a binary says that it is of the pinned version; one that was linked may have been upgraded since."""
    shown = subprocess.run([binary, *tool.version_flag], capture_output=True, text=True, check=False)
    return bool(re.search(rf"{re.escape(tool.version)}(?![\w.])", shown.stdout))


def build(tool: Tool, to: Path) -> None:
    """Compile one tool; the finished binary appears under its name in one step."""
    if not shutil.which("go"):
        raise SystemExit(f"{tool.name} {tool.version} is not built, and go is not on PATH: expected Go 1.26 or newer")
    with TemporaryDirectory(prefix=f".{tool.name}.", dir=to.parent) as folder:
        scratch = Path(folder)
        options = ["-trimpath", _NO_DEBUGGER, f"-ldflags=-s -w {tool.ldflags.format(v=tool.version)}"]
        options += _overlay(tool, scratch)
        total = len(_go(tool, "list", "-deps", *options, tool.package).split())
        with subprocess.Popen(
            ["go", "build", "-v", *options, "-o", str(scratch / tool.name), tool.package],
            cwd=TOOLS / tool.module,
            env=_go_environment(),
            stderr=subprocess.PIPE,
            text=True,
        ) as go:
            said = list(_compiled(tool, go.stderr or (), total))
        if go.returncode:
            raise SystemExit(f"{tool.name} {tool.version}: go build failed:\n{''.join(said)}")
        for name, at in tool.beside:
            shutil.copyfile(_pinned_folder(tool) / at, to.with_name(name))
        (scratch / tool.name).rename(to)


_NO_DEBUGGER = "-gcflags=all=-dwarf=false"
"""What the linker would drop (-s -w) is not compiled: a tenth of the processor time."""


def _go_environment() -> dict[str, str]:
    """The compiler collects its garbage less often (GOGC): a fifth less processor time, a quarter more memory."""
    given = {"GOGC": "400", **os.environ}
    return {**given, "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}


def _go(tool: Tool, *arguments: str) -> str:
    done = subprocess.run(
        ["go", *arguments], cwd=TOOLS / tool.module, env=_go_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{tool.name} {tool.version}: go {arguments[0]} failed:\n{done.stderr}")
    return done.stdout


def _pinned_folder(tool: Tool) -> Path:
    """The folder of the pinned module's files."""
    _go(tool, "mod", "download", tool.pinned_by)
    return Path(_go(tool, "list", "-m", "-f", "{{.Dir}}", tool.pinned_by).strip())


def _overlay(tool: Tool, scratch: Path) -> list[str]:
    """The options that lay files over others: the pinned module's beside the package that embeds them, ours over its.

    https://pkg.go.dev/cmd/go, -overlay and -modfile
    """
    if not tool.embeds and not tool.replaces:
        return []
    pinned, module = _pinned_folder(tool), TOOLS / tool.module
    laid = {str(module / tool.package / name): str(pinned / at) for name, at in tool.embeds}
    options = [f"-overlay={scratch / 'overlay.json'}"]
    if tool.replaces:
        source = scratch / "source"  # Go lays nothing over its own cache, but over a link to it
        source.symlink_to(pinned)
        laid |= {str(source / at): str(module / ours) for at, ours in tool.replaces}
        (scratch / "go.mod").write_text(f"{(module / 'go.mod').read_text()}\nreplace {tool.pinned_by} => {source}\n")
        shutil.copyfile(module / "go.sum", scratch / "go.sum")
        options.append(f"-modfile={scratch / 'go.mod'}")
    (scratch / "overlay.json").write_text(json.dumps({"Replace": laid}))
    return options


def _compiled(tool: Tool, lines: Iterable[str], total: int) -> Iterator[str]:
    """Say at each fifth of the packages how far it is; what is no package's name is what Go has to complain about."""
    compiled = 0
    for line in lines:
        if re.fullmatch(r"[\w.~/-]+\n", line):
            compiled += 1
            if compiled * 5 // total > (compiled - 1) * 5 // total and compiled < total:
                say(f"{tool.name}: {compiled} of {total} packages compiled")
        elif not line.startswith("go: downloading "):
            yield line


def say(text: str) -> None:
    """Progress goes to standard error; standard output carries the folders alone."""
    print(f"  tools: {text}", file=sys.stderr, flush=True)


def missing(tools: Iterable[Tool], to: Path) -> list[Tool]:
    """The tools that are not in the folder, or that are links to what has become another version."""
    return [
        tool
        for tool in tools
        if not (to / tool.name).exists() or ((to / tool.name).is_symlink() and not is_pinned(tool, to / tool.name))
    ]


def provide(tools: Sequence[Tool], to: Path) -> None:
    """Link or build what is missing of the tools."""
    to.mkdir(parents=True, exist_ok=True)
    with open(to / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checkouts never build the same tool twice
        for tool in missing(tools, to):
            (to / tool.name).unlink(missing_ok=True)
            if found := on_path(tool):
                (to / tool.name).symlink_to(found)
                say(f"{tool.name} {tool.version} found at {found}")
                continue
            say(f"{tool.name} {tool.version}: building")
            started = time.monotonic()
            build(tool, to / tool.name)
            say(f"{tool.name} {tool.version}: built in {time.monotonic() - started:.0f} s")


def forecast(tools: Sequence[Tool], cores: int) -> str:
    """What will be built, how long it will take, and that it is done once."""
    minutes = max(1, round(sum(tool.cpu_seconds for tool in tools) / cores / 60))
    return (
        f"{len(tools)} to build, about {minutes} min on {cores} cores; this happens once: later runs, and other "
        f"checkouts, find them built: {', '.join(tool.name for tool in tools)}"
    )


def main(names: list[str]) -> int:
    """Make sure that every named tool is in its cache folder, then print the folders."""
    known = {tool.name: tool for tool in ALL}
    if unknown := sorted(set(names) - set(known)):
        print(f"unknown tool {', '.join(unknown)}; expected one of {', '.join(known)}", file=sys.stderr)
        return 2
    os.environ.setdefault("HOME", str(Path.home()))  # Go has no cache without one
    named = names or [tool.name for tool in LAPTOP]
    wanted: dict[Path, list[Tool]] = {}
    for tool in (tool for tool in ALL if tool.name in named):
        wanted.setdefault(folder_of(tool), []).append(tool)
    if to_build := [tool for to, tools in wanted.items() for tool in missing(tools, to) if not on_path(tool)]:
        say(forecast(to_build, os.cpu_count() or 1))
    for to, tools in wanted.items():
        provide(tools, to)
        print(to)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
