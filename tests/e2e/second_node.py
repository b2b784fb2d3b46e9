"""A second node for the laptop environment's cluster: containerd and a kubelet in namespaces of their own.

Run as a module it is process 1 of these. A veth pair leads to the machine, which routes between the pods of both nodes.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import yaml

from local import cluster, config, host
from local.kubectl import Kubectl
from local.machine import private_mounts, supervise
from local.pki import Certificate
from local.progress import wait_for
from local.services import Node, containerd, kubelet

CLUSTER_DNS = "10.96.0.10"
NODE = Node(
    name="second-node",
    address="10.78.0.2",
    pods="10.77.1.0/24",
    folder=config.MACHINE / "second-node",
    cgroup=f"{config.CGROUP}/second-node",
    log="second-node-",
    dns=CLUSTER_DNS,
)
LINK = "second-node"
KUBECONFIG = NODE.folder / "kubeconfig"
LOG = config.LOGS / "second-node.log"


@contextmanager
def running(kubectl: Kubectl) -> Iterator[int]:
    """The node, ready for pods, as the host's number for its process 1; afterwards nothing of it is left."""
    shutil.rmtree(NODE.folder, ignore_errors=True)  # of a run that was killed
    NODE.folder.mkdir()
    _write_kubeconfig()
    for cgroup in host.cgroups():
        (cgroup / NODE.name).mkdir(exist_ok=True)  # it goes with the machine's
    # ends with this process, however that ends
    command = ["setpriv", "--pdeathsig=SIGKILL", *host.NEW_NAMESPACES, sys.executable, "-m", __name__]
    with open(LOG, "wb") as log:
        process = subprocess.Popen(
            [*command, str(kubectl.tools)],
            cwd=config.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def why_not_running() -> str | None:
        return host.why_not_running() if process.poll() is None else f"it ended; see {LOG}"

    try:
        process_1 = wait_for(
            "the second node's first process",
            lambda: host.process_1(process.pid),
            still_possible=why_not_running,
        )
        _plug_in(process_1)
        cluster.import_images(sorted(config.IMAGES.glob("*.tar")), process_1, why_not_running)
        cluster.wait_for_node(kubectl, NODE.name, why_not_running)
        yield process_1
    finally:
        if process.poll() is None and (first := host.process_1(process.pid)):
            os.kill(first, signal.SIGKILL)
        process.kill()
        process.wait()
        if host.running():
            # the kernel removes it some time after the node's last process
            unplug = inside(host.inside(), "ip", "link", "delete", LINK)
            subprocess.run(unplug, stderr=subprocess.DEVNULL, check=False)
            kubectl("delete", "node", NODE.name, "--ignore-not-found")
            left = (f"--field-selector=spec.nodeName={NODE.name}", "--force", "--grace-period=0")
            kubectl("delete", "pods", "--all-namespaces", *left)
        shutil.rmtree(NODE.folder)


def _write_kubeconfig() -> None:
    """Let the kubelet be the admin, acting as the node: no file has the authority's key, which could sign for it."""
    kubeconfig = yaml.safe_load(config.KUBECONFIG.read_text())
    (user,) = kubeconfig["users"]
    user["user"] |= {"as": f"system:node:{NODE.name}", "as-groups": ["system:nodes"]}
    KUBECONFIG.touch(mode=0o600)
    KUBECONFIG.write_text(yaml.safe_dump(kubeconfig))


def inside(process_1: int, *command: str) -> list[str]:
    """A command in the network of a node, with the files that it sees."""
    return ["nsenter", f"--target={process_1}", "--net", "--mount", f"--wd={config.ROOT}", *command]


def _plug_in(process_1: int) -> None:
    """Connect the two nodes, and lead from the machine to the second one's pods."""
    machine = host.inside()
    pair = (LINK, "netns", str(machine), "type", "veth", "peer", "name", "eth0", "netns", str(process_1))
    subprocess.run(["ip", "link", "add", *pair], check=True)

    def ip(*arguments: str) -> None:
        subprocess.run(inside(machine, "ip", *arguments), check=True)

    ip("link", "set", LINK, "up")
    ip("route", "add", NODE.address, "dev", LINK, "scope", "link", "src", config.ADDRESS)
    ip("route", "add", NODE.pods, "via", NODE.address)


def _network() -> None:
    wait_for("the link to the machine", lambda: "eth0" in [name for _, name in socket.if_nameindex()])

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    ip("link", "set", "lo", "up")
    ip("address", "add", f"{NODE.address}/32", "dev", "eth0")
    ip("link", "set", "eth0", "up")
    ip("route", "add", config.ADDRESS, "dev", "eth0", "scope", "link", "src", NODE.address)
    ip("route", "add", "default", "via", config.ADDRESS)


def main(tools: str) -> NoReturn:
    """Run as process 1 of the new namespaces; never returns."""
    private_mounts()
    _network()
    # Its certificate is the first node's, so the API server does not exec into pods of this one
    serving = Certificate(config.PKI / "kubelet-server.crt", config.PKI / "kubelet-server.key")
    name, code = supervise(
        [containerd(NODE), kubelet(Path(tools), NODE, config.PKI / "ca.crt", serving, str(KUBECONFIG))]
    )
    raise SystemExit(f"{name} ended with {code}; its log is {config.LOGS / name}.log")


if __name__ == "__main__":
    main(sys.argv[1])
