"""The machine from inside: process 1 of its own mount, process and network namespaces.

When it ends, the kernel ends everything that it started, and removes its mounts, its routes and its files under /run,
/var/lib and /var/log. So it leaves nothing on the host.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from local import clouds, config
from local.progress import PAUSE, say, wait_for
from local.services import Service, all_services


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)


def private_mounts() -> None:
    """Have folders of our own where fixed paths are written to."""
    _run("mount", "--make-rprivate", "/")
    for path in config.PRIVATE:
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path)


def _network() -> None:
    wait_for("the host's network link", lambda: "eth0" in [name for _, name in socket.if_nameindex()])
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "address", "add", f"{config.ADDRESS}/24", "dev", "eth0")
    _run("ip", "link", "set", "eth0", "up")


def _start(service: Service) -> int:
    with open(config.LOGS / f"{service.name}.log", "ab") as log:
        process = subprocess.Popen(
            service.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **service.env},
            cwd=config.ROOT,
            start_new_session=True,
        )
    say(f"{time.strftime('%H:%M:%S')} started {service.name}, process {process.pid}")
    return process.pid


def supervise(services: list[Service]) -> tuple[str, int]:
    """Start each service as soon as it may, reap ended processes, and return the first service that ended, and how."""
    waiting = list(services)
    running: dict[int, Service] = {}
    while True:
        for service in [service for service in waiting if service.may_start()]:
            waiting.remove(service)
            running[_start(service)] = service
        pid, status = os.waitpid(-1, os.WNOHANG if waiting else 0)
        if pid in running:
            return running[pid].name, os.waitstatus_to_exitcode(status)
        if not pid:
            time.sleep(PAUSE)


def main(tools: str) -> NoReturn:
    """Run as process 1 of the new namespaces; never returns."""
    private_mounts()
    _network()
    name, code = supervise(all_services(Path(tools), clouds.wanted()))
    config.DIED.write_text(json.dumps({"service": name, "exit_code": code}))
    raise SystemExit(f"{name} ended with {code}; its log is {name}.log")


if __name__ == "__main__":
    main(sys.argv[1])
