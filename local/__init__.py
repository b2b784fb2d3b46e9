"""The laptop environment: a real Kubernetes node and an AWS that decides, on one machine, without a cloud."""

import os

ADDRESS = "10.78.0.1"
"""The machine's; config.py has all the others."""


def _bypass_proxies_for_this_machine() -> None:
    """A company's proxy, which every child process inherits, cannot reach the machine's own addresses."""
    for name in ("no_proxy", "NO_PROXY"):
        given = [host for host in os.environ.get(name, "").split(",") if host]
        own = [host for host in ("localhost", "127.0.0.1", ADDRESS) if host not in given]
        os.environ[name] = ",".join([*given, *own])


def _add_roots_folders_to_path() -> None:
    """After `su` without `-`, root has the person's PATH, without the folders of root's own commands."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    more = [folder for folder in ("/usr/local/sbin", "/usr/sbin", "/sbin") if folder not in folders]
    os.environ["PATH"] = os.pathsep.join([*folders, *more])


_bypass_proxies_for_this_machine()
_add_roots_folders_to_path()
