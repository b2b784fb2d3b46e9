"""What builds a Dockerfile here: Docker where its daemon runs, else buildah on a base that mmdebstrap makes."""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from local.progress import step

SUITE = "bookworm"
PACKAGES = ("binutils", "ca-certificates", "python3-venv")
"""What the Dockerfiles' build stages need beside Debian's essential packages."""
VERSION_FROM = "sidecar/pyproject.toml"
IMAGES_KEPT = 100
"""Steps of earlier builds that buildah may keep; about 15 MB each."""


class BuildError(RuntimeError):
    """An image could not be built; the message ends with what the builder said."""


class Builder(Protocol):
    """Builds a Dockerfile into a docker-archive."""

    def build(self, context: Path, dockerfile: str, reference: str, to: Path, *, afresh: bool = False) -> None:
        """Write the image to ``to``, which does not exist; ``afresh`` takes nothing from earlier builds."""


def _run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{command[0]} ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def _arguments(context: Path, dockerfile: str, reference: str) -> list[str | Path]:
    """What both builders understand: the file, the name, the version, and the host's certificates for the registry."""
    version = f"VERSION={tomllib.loads((context / VERSION_FROM).read_text())['project']['version']}"
    arguments: list[str | Path] = [f"--file={context / dockerfile}", f"--tag={reference}", f"--build-arg={version}"]
    bundles = [ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt"]
    found = next((bundle for bundle in bundles if bundle and Path(bundle).exists()), None)
    secret = [f"--secret=id=certificates,src={found}"] if found else []
    return [*arguments, *secret, context]


class Docker:
    """The Docker daemon, with the bases that the Dockerfiles name."""

    def build(self, context: Path, dockerfile: str, reference: str, to: Path, *, afresh: bool = False) -> None:
        """Build with BuildKit, dated 1970 and without attestations, and save."""
        environment = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        fresh = ["--no-cache"] if afresh else []
        arguments = ["--build-arg=SOURCE_DATE_EPOCH=0", *fresh, *_arguments(context, dockerfile, reference)]
        _run("docker", "build", *arguments, env=environment)
        _run("docker", "save", "--output", to, reference)


class Buildah:
    """buildah without any registry, its storage in a folder of ours and not in the user's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.running = folder / "run"
        recipe = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:12]
        self.base = f"localhost/secret-access-base:{SUITE}-{recipe}"

    def clean(self) -> None:
        """Remove what an interrupted build left: whoever builds holds the cache's lock, so nothing of it is in use."""
        for leftover in (self.temporary, self.running):
            shutil.rmtree(leftover, ignore_errors=True)
        self.temporary.mkdir(parents=True)
        self._buildah("rm", "--all")

    def _buildah(self, *arguments: str | Path) -> str:
        """Run buildah with mounts of its own, so that one that is interrupted leaves none behind."""
        storage = ("--root", self.folder / "storage", "--runroot", self.running, "--storage-driver", "overlay")
        environment = {"TMPDIR": str(self.temporary)}
        return _run("unshare", "--mount", "buildah", *storage, *arguments, env=environment)

    def _bud(self, *arguments: str | Path) -> None:
        self._buildah("bud", "--isolation=chroot", "--pull-never", "--timestamp=0", *arguments)

    def make_base(self) -> None:
        """A Debian with python3, once: what the Dockerfiles find in a registry elsewhere."""
        names = self._buildah("images", "--format", "{{.Name}}:{{.Tag}}").split()
        if self.base in names:
            if len(self._buildah("images", "--all", "--quiet").split()) > IMAGES_KEPT:
                self._buildah("rmi", "--prune")
            return
        with step(f"images: {self.base} built"), TemporaryDirectory(dir=self.temporary) as context:
            if names:
                self._buildah("rmi", "--all", "--force")
            Path(context, "Dockerfile").write_text("FROM scratch\nADD base.tar /\n")
            packages = f"--include={','.join(PACKAGES)}"
            _run("mmdebstrap", "--quiet", "--variant=essential", packages, SUITE, Path(context, "base.tar"))
            self._bud(f"--tag={self.base}", context)

    def build(self, context: Path, dockerfile: str, reference: str, to: Path, *, afresh: bool = False) -> None:
        """Build on our base, and export."""
        self.clean()
        self.make_base()
        layers = ["--layers", *(["--no-cache"] if afresh else [])]
        self._bud(*layers, f"--build-arg=BUILD_BASE={self.base}", *_arguments(context, dockerfile, reference))
        self._buildah("push", "--quiet", reference, f"docker-archive:{to}:{reference}")


@cache
def builder(folder: Path) -> Builder:
    """Docker if its daemon answers, else buildah with its storage in ``folder``."""
    if shutil.which("docker") and not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return Docker()
    if missing := [command for command in ("buildah", "mmdebstrap") if not shutil.which(command)]:
        raise BuildError(
            f"no Docker daemon runs and {' and '.join(missing)} cannot be found, expected Docker or both buildah and "
            "mmdebstrap: start Docker, or on Debian install the packages of these names"
        )
    if os.geteuid():
        raise BuildError(
            f"user id {os.geteuid()} given, expected 0: buildah runs as root here; start Docker or use root"
        )
    return Buildah(folder)
