"""The images of the laptop environment: the sidecar, the application, and the pause that holds a pod's sandbox.

``python -m local.images [FOLDER]`` leaves them as docker-archive tars in FOLDER (``.local/images``), for
``ctr images import``, and prints their paths. What was built once from the same sources is taken from the user's cache
folder, by this checkout or any other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from local import config
from local.builders import builder
from local.pause import compile_pause
from local.progress import say, step

SIDECAR_IMAGE = "localhost/secret-sidecar:dev"
APP_IMAGE = "localhost/secret-access-app:dev"
PAUSE_IMAGE = "localhost/pause:1"

CACHE = config.CACHE / "images"
KEPT = 5
"""How many builds of one image the cache keeps, the last used ones."""


@dataclass(frozen=True)
class Image:
    """One image: its reference, and the files and folders of the checkout that decide what is in it."""

    reference: str
    inputs: tuple[str, ...]
    dockerfile: str
    prepare: Callable[[Path], None] = lambda _: None
    """Called with the build context, before the build."""

    @property
    def name(self) -> str:
        """The reference without registry and tag: ``secret-sidecar``."""
        return self.reference.rpartition("/")[2].partition(":")[0]

    def files(self, checkout: Path = config.ROOT) -> list[Path]:
        """Every file among the inputs, relative to the checkout."""
        found: list[Path] = []
        for path in (checkout / given for given in self.inputs):
            found += path.rglob("*") if path.is_dir() else [path]
        return sorted(p.relative_to(checkout) for p in found if p.is_file() and "__pycache__" not in p.parts)

    def key(self, checkout: Path = config.ROOT) -> str:
        """The same for the same sources: names, permissions and contents."""
        digest = hashlib.sha256(self.reference.encode())
        for path in self.files(checkout):
            content = (checkout / path).read_bytes()
            runs = bool((checkout / path).stat().st_mode & stat.S_IXUSR)
            digest.update(f"\0{path}\0{runs}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    def copy(self, to: Path) -> None:
        """Copy the inputs and nothing else: the key tells all that an image built from the copy depends on."""
        for path in self.files():
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(config.ROOT / path, to / path)

    def make(self, context: Path, to: Path, *, afresh: bool = False) -> None:
        """Build it from ``context``, a copy of the inputs, and write it to ``to``."""
        self.prepare(context)
        builder(CACHE).build(context, self.dockerfile, self.reference, to, afresh=afresh)


BUILDING = (".dockerignore", "local/builders.py", "sidecar/pyproject.toml", "sidecar/rootfs.py")
SIDECAR = Image(
    SIDECAR_IMAGE,
    (
        *BUILDING,
        *("pyproject.toml", "uv.lock", "infra/pyproject.toml", "names/pyproject.toml"),
        *("sidecar/Dockerfile", "sidecar/secret_sidecar", "names/secret_names"),
    ),
    "sidecar/Dockerfile",
)
APP = Image(APP_IMAGE, (*BUILDING, "local/app"), "local/app/Dockerfile")
PAUSE = Image(PAUSE_IMAGE, (*BUILDING, "local/pause.py", "tools/pause"), "tools/pause/Dockerfile", compile_pause)
ALL = (SIDECAR, APP, PAUSE)


def _tar(image: Image, key: str) -> Path:
    return CACHE / "tars" / f"{image.name}-{key}.tar"


def cached(image: Image) -> Path:
    """The image's tar in the cache, built if these sources never were."""
    tar = _tar(image, image.key())
    tar.parent.mkdir(parents=True, exist_ok=True)
    if not tar.exists():
        with step(f"images: {image.reference} built"), TemporaryDirectory() as folder:
            context = Path(folder)
            image.copy(context)
            tar = _tar(image, image.key(context))  # somebody may have saved a file since
            partial = tar.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            image.make(context, partial)
            partial.rename(tar)
    os.utime(tar)
    builds = sorted(tar.parent.glob(f"{image.name}-{'?' * 16}.tar"), key=lambda path: -path.stat().st_mtime)
    for old in builds[KEPT:]:
        old.unlink()
    return tar


def _place(tar: Path, to: Path) -> None:
    """Make ``to`` the tar, in one step; one file on disk where the cache is on the same file system."""
    if to.exists() and to.samefile(tar):
        return
    partial = to.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(tar, partial)
    except OSError:
        shutil.copyfile(tar, partial)
    partial.rename(to)


@contextmanager
def lock() -> Iterator[None]:
    """Hold the cache: two checkouts never build the same image twice."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / ".lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(out: Path) -> list[Path]:
    """The tars of all images, in ``out``: secret-sidecar.tar, secret-access-app.tar, pause.tar."""
    out.mkdir(parents=True, exist_ok=True)
    tars = []
    with lock():
        for image in ALL:
            tar = out / f"{image.name}.tar"
            _place(cached(image), tar)
            tars.append(tar)
    return tars


def main(arguments: list[str]) -> int:
    """Build into the folder given, or ``.local/images``."""
    with step("images"):
        tars = build(Path(arguments[0]) if arguments else config.IMAGES)
    for tar in tars:
        print(tar)
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except RuntimeError as error:
        say(f"images: {error}")
        raise SystemExit(1) from None
