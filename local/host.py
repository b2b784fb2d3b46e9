"""The machine from outside: locked for one checkout, started, stopped, and the host restored."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from local import config, selection
from local.progress import NotReadyError, wait_for

OWNER = config.RUN / "owner.json"
SYSCTLS = (
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""Those that the kubelet sets for the whole host: no namespace contains them."""

NEW_NAMESPACES = (
    *("unshare", "--mount", "--pid", "--net", "--ipc", "--uts"),
    *("--fork", "--kill-child", "--mount-proc"),
)
STARTED: list[subprocess.Popen[bytes]] = []
"""Kept here so that Python does not warn about a child that is still running: the machine outlives this process."""


class TakenError(RuntimeError):
    """The environment cannot be started or stopped from here: another checkout's is up, or the place does not fit."""


@dataclass(frozen=True)
class Owner:
    """Which checkout runs the machine, as which process, and the sysctls to put back."""

    checkout: str
    pid: int
    started: str
    sysctls: dict[str, str]

    @classmethod
    def read(cls) -> Owner | None:
        """The checkout that has the machine, if one has."""
        try:
            return cls(**json.loads(OWNER.read_text()))
        except FileNotFoundError:
            return None

    def write(self) -> None:
        """Claim the machine in one step: a half-written file would block everybody."""
        half = OWNER.with_suffix(".half")
        half.write_text(json.dumps(asdict(self)))
        half.rename(OWNER)

    @property
    def alive(self) -> bool:
        """Whether the machine runs; its process number may since belong to another process."""
        return _started(self.pid) == self.started


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty if there is none (proc(5), field 22 of stat)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


@contextmanager
def claim() -> Iterator[None]:
    """Hold the machine's lock while starting or stopping it; raises TakenError if another checkout has it."""
    if os.geteuid():
        raise TakenError(f"user id {os.geteuid()} given, expected 0: the environment makes namespaces and cgroups")
    config.RUN.mkdir(mode=0o755, exist_ok=True)
    lock = os.open(config.RUN, os.O_RDONLY)
    try:
        _refuse_a_second_command(lock)
        try:
            _refuse_another_checkout()
            yield
        finally:
            if not OWNER.exists():
                shutil.rmtree(config.RUN)
    finally:
        os.close(lock)


def _refuse_a_second_command(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = os.fstat(lock).st_nlink > 0  # else whoever had the folder has just removed it
    except BlockingIOError:
        ours = False
    if not ours:
        raise TakenError("another `make up`, `make down` or `make test` is at work on this machine; wait for it to end")


def _refuse_another_checkout() -> None:
    owner = Owner.read()
    if owner and owner.alive and owner.checkout != str(config.ROOT):
        raise TakenError(
            f"the laptop environment is up for another checkout, {owner.checkout}, and its addresses "
            f"({config.ADDRESS}) exist once per machine; run `make down` there first"
        )


def running() -> bool:
    """Whether this checkout's machine is up."""
    owner = Owner.read()
    return bool(owner and owner.alive and owner.checkout == str(config.ROOT))


def why_not_running() -> str | None:
    """Why waiting for the machine is useless, or None while it runs."""
    if running():
        return None
    try:
        died = json.loads(config.DIED.read_text())
    except FileNotFoundError:
        return f"the machine is not running; see {config.LOGS / 'machine.log'}"
    return f"{died['service']} ended with exit code {died['exit_code']}; see {config.LOGS / died['service']}.log"


def cgroups() -> list[Path]:
    """Our folder in every cgroup hierarchy (v1: one per controller; v2: one)."""
    top = Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists():
        return [top / config.CGROUP]
    return [
        folder / config.CGROUP
        for folder in top.iterdir()
        if (folder / "cgroup.procs").exists() and not folder.is_symlink()
    ]


def _check_place(tools: Path) -> None:
    """Refuse files under folders that the machine replaces by its own: it would not see them."""
    needed = [("the checkout", config.ROOT), *(("a tool", tool.resolve()) for tool in sorted(tools.glob("[!.]*")))]
    for what, place in [*needed, ("Python", Path(sys.executable).resolve())]:
        if any(place.is_relative_to(path) for path in config.PRIVATE):
            raise TakenError(
                f"{what} is at {place}, expected outside {', '.join(config.PRIVATE)}: the environment has its own "
                "there; move the checkout, or set XDG_CACHE_HOME for the tools"
            )


def start(tools: Path) -> None:
    """Start the machine with the clouds that are wanted, and return while it is still setting itself up.

    Call it inside ``claim()``.
    """
    names = selection.wanted()
    _check_place(tools)
    clean()
    for folder in (config.MACHINE, config.LOGS):
        folder.mkdir(parents=True, exist_ok=True)
    selection.remember(names)
    for cgroup in cgroups():
        cgroup.mkdir(exist_ok=True)
    sysctls = {key: Path("/proc/sys", key).read_text().strip() for key in SYSCTLS}
    with open(config.LOGS / "machine.log", "wb") as log:
        process = subprocess.Popen(
            [*NEW_NAMESPACES, sys.executable, "-m", "local.machine", str(tools)],
            cwd=config.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    STARTED.append(process)
    Owner(str(config.ROOT), process.pid, _started(process.pid), sysctls).write()
    _plug_in(inside())


def inside() -> int:
    """The host's number for the machine's process 1."""
    owner = Owner.read()
    if owner is None:
        raise NotReadyError("the machine is not running; `make up` starts it")
    return wait_for("the machine's first process", lambda: process_1(owner.pid), still_possible=why_not_running)


def process_1(parent: int) -> int | None:
    """The first process in NEW_NAMESPACES, once the process that makes them has started it there."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    here = os.readlink("/proc/self/ns/net")
    return int(children[0]) if children and os.readlink(f"/proc/{children[0]}/ns/net") != here else None


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _plug_in(pid: int) -> None:
    """Connect the machine: a veth pair, one end here, the other inside. It ends with the machine."""
    _ip("link", "add", config.HOST_LINK, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    _ip("address", "add", f"{config.HOST_ADDRESS}/24", "dev", config.HOST_LINK)
    _ip("link", "set", config.HOST_LINK, "up")


def stop() -> None:
    """End the machine and put the host back as it was. Call it inside ``claim()``."""
    owner = Owner.read()
    if owner and owner.alive:
        # process 1 rather than its parent: the kernel ends everything in the machine before process 1 counts as gone
        os.kill(process_1(owner.pid) or owner.pid, signal.SIGKILL)
        wait_for("the machine to end", lambda: not owner.alive)
    while STARTED:
        STARTED.pop().wait()
    clean()


def clean() -> None:
    """Remove what a stopped or crashed machine left. Safe to repeat."""
    owner = Owner.read()
    for cgroup in cgroups():
        # deepest first; a cgroup is empty once the kernel has reaped its last process
        below = sorted((path for path in cgroup.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
        for folder in [*below, cgroup]:
            wait_for(f"cgroup {folder} to be empty", partial(_removed, folder))
    # the kernel removes it with the machine's last socket, which a connected client can keep open for a minute
    subprocess.run(["ip", "link", "delete", config.HOST_LINK], stderr=subprocess.DEVNULL, check=False)
    wait_for("the network link to be removed", lambda: not Path("/sys/class/net", config.HOST_LINK).exists())
    if owner:
        for key, value in owner.sysctls.items():
            Path("/proc/sys", key).write_text(value)
    OWNER.unlink(missing_ok=True)
    for path in (config.MACHINE, config.KUBECONFIG, config.PULUMI_BACKEND):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
