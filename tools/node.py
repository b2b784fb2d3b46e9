"""Install the npm packages that examples/typescript pins, once per lock file, into the user's cache folder.

``python3 tools/node.py`` prints the folder that has them in `node_modules`. No script of a package runs: some download
what the tests do not need. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "examples" / "typescript"
MANIFESTS = ("package.json", "package-lock.json")


def folder() -> Path:
    """The cache folder for exactly these packages, so that other checkouts with the same pins start warm."""
    pins = hashlib.sha256(b"".join((PROJECT / name).read_bytes() for name in MANIFESTS)).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "secret-access" / "node" / pins[:16]


def provide(to: Path) -> None:
    """Install what is missing; the whole `node_modules` appears in one step."""
    to.mkdir(parents=True, exist_ok=True)
    with open(to / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checkouts never install at once
        if (to / "node_modules").exists():
            return
        if not shutil.which("npm"):
            raise SystemExit("the packages of examples/typescript are not installed, and npm is not on PATH")
        half_made = to / ".half-made"
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir()
        for name in MANIFESTS:
            shutil.copyfile(PROJECT / name, half_made / name)
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(npm, cwd=half_made, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"npm ci for examples/typescript failed:\n{done.stdout}{done.stderr}")
        (half_made / "node_modules").rename(to / "node_modules")
        shutil.rmtree(half_made)


def main() -> None:
    """Make sure that the packages are there, then print their folder."""
    provide(folder())
    print(folder())


if __name__ == "__main__":
    main()
