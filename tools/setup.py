"""Install what the commands of the Makefile need, and only what is missing.

``python3 -m tools.setup check``: uv and the Python packages. ``up``: also Debian packages (as root; none is removed),
the Go tools and the images. ``test``: also what runs the examples, and the Go tools of the tests. Standard library
only: it runs before anything is installed.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import plugins, selection
from tools import build, node

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "infra"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secret-access"
UV_VERSION = "0.13.9"
OLDEST_UV = (0, 9)
"""As `required-version` in pyproject.toml."""
POLICY = Path("/usr/sbin/policy-rc.d")
DEBIAN_PACKAGES = {
    "buildah": "buildah",
    "ca-certificates": "/etc/ssl/certs/ca-certificates.crt",
    "containerd": "ctr",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
    "etcd-server": "etcd",
    "iproute2": "ip",
    "mmdebstrap": "mmdebstrap",
    "runc": "runc",
    "util-linux": "unshare",
}
TEST_PACKAGES = {
    "chromium": "chromium",
    "chromium-driver": "chromedriver",
    "conntrack": "conntrack",
    "curl": "curl",
    "default-jdk-headless": "javac",
    "gnupg": "gpg",
    "ipset": "ipset",
    "iptables": "iptables",
    "jq": "jq",
    "nodejs": "node",
    "npm": "npm",
    "pass": "pass",
}
"""What each is installed for: a command or a file. Where something else brought it, such as Docker's own containerd,
which cannot be beside Debian's, that serves."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"  setup: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what was done and how long it took."""
    started = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - started:.1f} s")


@contextmanager
def no_service_started() -> Iterator[None]:
    """Keep packages such as etcd-server from starting a service of the system: none is wanted here.

    Debian asks this file (https://www.debian.org/doc/debian-policy/ch-opersys.html, section 9.3.3); 101 says no.
    """
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def install_debian_packages(packages: dict[str, str]) -> None:
    """Install the Debian packages that are missing; refuse to remove any."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where runc is, and `su` without - leaves out
    missing = [package for package, what in packages.items() if not (shutil.which(what) or Path(what).is_file())]
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SystemExit(
            f"missing Debian packages: {' '.join(missing)}; run this as root on Debian, or install them yourself"
        )
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Debian packages {' '.join(missing)}"), no_service_started():
        for command in (["update"], ["install", "--yes", "--no-remove", "--no-install-recommends", *missing]):
            done = subprocess.run(
                ["apt-get", "-qq", *command],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                raise SystemExit(f"apt-get {' '.join(command)} failed:\n{done.stdout}")


def uv_version(uv: str) -> tuple[int, ...]:
    """What `uv --version` says, in numbers; none if it says nothing of the kind."""
    said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"uv (\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


def find_uv() -> str:
    """The uv on PATH, else, or where that is too old, one in the cache folder, installed there if need be."""
    if found := shutil.which("uv"):
        version = uv_version(found)
        if version >= OLDEST_UV:
            return found
        say(
            f"{found} is too old: given {'.'.join(map(str, version)) or 'no version'}, expected "
            f"{'.'.join(map(str, OLDEST_UV))} or newer; uv {UV_VERSION} is installed into {CACHE} instead, and yours "
            "stays (`uv self update` renews it)"
        )
    folder = CACHE / f"uv-{UV_VERSION}"
    uv = folder / "bin" / "uv"
    if not uv.exists():
        with step(f"uv {UV_VERSION}"):
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            subprocess.run([*pip, f"uv=={UV_VERSION}"], check=True)
    return str(uv)


def sync_python_packages(uv: str) -> None:
    """The workspace's environment in ``.venv``, exactly as locked."""
    env = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    with step("Python packages"):
        subprocess.run([uv, "sync", "--frozen", "--quiet"], cwd=ROOT, env={**env, "UV_SYSTEM_CERTS": "1"}, check=True)


def sync_program(uv: str) -> None:
    """The Pulumi program's own environment, as Pulumi's language host would make it: ``infra/.venv``."""
    env = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    env |= {"UV_SYSTEM_CERTS": "1", "UV_PROJECT_ENVIRONMENT": str(PROGRAM / ".venv")}
    with step("Python packages of the Pulumi program"):
        subprocess.run([uv, "sync", "--frozen", "--quiet"], cwd=PROGRAM, env=env, check=True)


def go_tools(what: str) -> list[str]:
    """The Go tools to build: all for the tests; else Pulumi's Kubernetes plugin where `PLUGINS=real` has no other.

    Raises PluginError or CloudError where `PLUGINS` or `CLOUD` cannot be had whatever is built.
    """
    names = [tool.name for tool in build.LAPTOP]
    chosen = plugins.choose(building=plugins.wanted() is plugins.Wanted.REAL)
    if what == "test":
        return [tool.name for tool in build.ALL]
    if any(choice.folder == plugins.built_kubernetes() for choice in chosen):
        names.append(build.KUBERNETES_PLUGIN.name)
    return names


def main(what: str) -> int:
    """Install for ``check``, ``up`` or ``test``."""
    os.environ.setdefault("HOME", str(Path.home()))  # Go has no cache without one
    if what not in ("check", "up", "test"):
        print(f"setup for what? given {what!r}, expected check, up or test", file=sys.stderr)
        return 2
    if what == "check":
        sync_python_packages(find_uv())
        return 0
    # the compiler takes minutes the first time: everything else is done meanwhile
    building = subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "build.py"), *go_tools(what)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        install_debian_packages(DEBIAN_PACKAGES | (TEST_PACKAGES if what == "test" else {}))
        uv = find_uv()
        sync_python_packages(uv)
        sync_program(uv)
        images = [str(ROOT / ".venv/bin/python"), "-m", "local.images"]
        subprocess.run(images, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        if what == "test":
            with step("npm packages of examples/typescript"):
                node.provide(node.folder())
        return building.wait()
    finally:
        if building.poll() is None:
            os.killpg(building.pid, signal.SIGTERM)  # the compiler too, which would work on for nobody
            building.wait()


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
    except (plugins.PluginError, selection.CloudError) as wrong:
        raise SystemExit(f"setup: {wrong}") from None
    except subprocess.CalledProcessError as failure:
        raise SystemExit(f"setup: {failure}") from None  # it has said why
    except KeyboardInterrupt:
        raise SystemExit(130) from None
