"""Images looked into, and run by runc as the kubelet would: read-only, as the image's user, with no capability."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin")


@dataclass(frozen=True)
class Archive:
    """A docker-archive with one image."""

    tar: Path

    def read(self, name: str) -> bytes:
        """One member's bytes."""
        with tarfile.open(self.tar) as archive:
            member = archive.extractfile(name)
            assert member
            return member.read()

    @property
    def manifest(self) -> dict[str, Any]:
        """The only image's entry."""
        (entry,) = json.loads(self.read("manifest.json"))
        return dict(entry)

    @property
    def image_id(self) -> str:
        """The configuration's name, which is its digest: it covers every layer."""
        return str(self.manifest["Config"]).removesuffix(".json")

    @property
    def image(self) -> dict[str, Any]:
        """The configuration."""
        return dict(json.loads(self.read(self.manifest["Config"])))

    @property
    def config(self) -> dict[str, Any]:
        """What a container takes from it: user, entrypoint, environment, labels."""
        return dict(self.image["config"])

    def unpack(self, to: Path) -> Unpacked:
        """Lay the layers into ``to`` with owners and modes as they are."""
        members = []
        for layer in self.manifest["Layers"]:
            with tarfile.open(self.tar) as archive, tarfile.open(fileobj=archive.extractfile(layer)) as files:
                members += files.getmembers()
                files.extractall(to, filter="fully_trusted")  # noqa: S202  our own build's
        return Unpacked(self, to, members)


@dataclass(frozen=True)
class Unpacked:
    """An image with its files laid out."""

    archive: Archive
    rootfs: Path
    members: list[tarfile.TarInfo]

    def commands(self) -> set[str]:
        """Every file in the folders where a PATH looks."""
        return {path.name for folder in BIN for path in (self.rootfs / folder).glob("*")}


class Container:
    """A container of an unpacked image, in a network of its own or in another container's."""

    def __init__(self, folder: Path, name: str, archive: Archive, rootfs: Path) -> None:
        self.folder, self.name, self.archive, self.rootfs = folder / name, name, archive, rootfs
        self.log = self.folder / "log"
        self.pid = 0
        self.folder.mkdir()

    def _runc(self, *arguments: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
        command = ["runc", "--root", str(self.folder / "state"), *arguments]
        return subprocess.run(command, text=True, **{"check": True, **keywords})  # noqa: PLW1510  checked by default

    def start(self, env: dict[str, str], *arguments: str, network_of: Container | None = None) -> None:
        """Start it with the image's entrypoint; its output goes to ``log``."""
        config = self.archive.config
        user, group = map(int, config["User"].split(":"))
        namespaces = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]
        if network_of:
            namespaces[-1]["path"] = f"/proc/{network_of.pid}/ns/net"
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n::1 localhost\n")  # the kubelet brings one to every pod
        specification = {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": user, "gid": group},
                "args": [*config["Entrypoint"], *arguments],
                "env": [*config.get("Env", []), *(f"{key}={value}" for key, value in env.items())],
                "cwd": "/",
                "noNewPrivileges": True,
            },
            "root": {"path": str(self.rootfs), "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
                {"destination": "/etc/hosts", "type": "bind", "source": str(hosts), "options": ["rbind", "ro"]},
            ],
            "linux": {"namespaces": namespaces, "cgroupsPath": f"/secret-access-tests-{os.getpid()}-{self.name}"},
        }
        (self.folder / "config.json").write_text(json.dumps(specification))
        pid_file = self.folder / "pid"
        with open(self.log, "w") as log:
            self._runc(
                *("run", "--detach", "--bundle", str(self.folder), "--pid-file", str(pid_file), self.name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid = int(pid_file.read_text())

    @property
    def running(self) -> bool:
        """Whether its first process lives."""
        shown = self._runc("state", self.name, capture_output=True).stdout
        return bool(json.loads(shown)["status"] == "running")

    def catches(self, number: int) -> bool:
        """Whether its first process has a handler for a signal (proc_pid_status(5), SigCgt)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        return bool(caught >> (number - 1) & 1)

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as ``kubectl exec`` does."""
        return self._runc("exec", self.name, *command, capture_output=True, check=False)

    def signal(self, name: str) -> None:
        """Send a signal to its first process."""
        self._runc("kill", self.name, name)

    def delete(self) -> None:
        """End it and remove what runc keeps of it."""
        self._runc("delete", "--force", self.name, check=False, capture_output=True)
