"""What the laptop environment's cluster lacks: a second node, Services, their names, and NetworkPolicies.

kube-proxy, CoreDNS and kube-router are the real ones, each a process in a node's network.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from local import config, host
from tests.e2e import second_node
from tests.e2e.conftest import Environment
from tests.e2e.second_node import CLUSTER_DNS, inside
from tools import build

NODES = (config.NODE, second_node.NODE.name)
DNS_PORT = 1053
CONNTRACK = ("conntrack-max-per-core", "conntrack-tcp-timeout-established", "conntrack-tcp-timeout-close-wait")
COREFILE = f"""\
.:{DNS_PORT} {{
  bind {config.ADDRESS}
  errors
  kubernetes cluster.local {{
    kubeconfig {config.KUBECONFIG}
  }}
}}
"""


@contextmanager
def running(environment: Environment, folder: Path) -> Iterator[None]:
    """Two nodes and their network; afterwards the cluster is as it was."""
    (corefile := folder / "Corefile").write_text(COREFILE)
    machine = host.inside()
    with ExitStack() as stack:
        other = stack.enter_context(second_node.running(environment.kubectl))
        stack.callback(_remove_rules, machine)
        for name, process_1 in zip(NODES, (machine, other), strict=True):
            stack.enter_context(_process(f"kube-proxy-{name}", inside(process_1, *_kube_proxy(name))))
            stack.enter_context(_process(f"kube-router-{name}", inside(process_1, *_kube_router(name)), NODE_NAME=name))
        stack.enter_context(_process("coredns", inside(machine, _tool("coredns"), "-conf", str(corefile))))
        dns = json.dumps({"apiVersion": "v1", "kind": "List", "items": _dns_service()})
        stack.callback(environment.kubectl, "delete", "--ignore-not-found", "-f", "-", input=dns)
        environment.kubectl("apply", "-f", "-", input=dns)
        yield


def _tool(name: str) -> str:
    tool = next(tool for tool in build.NETWORK if tool.name == name)
    path = build.folder_of(tool) / name
    assert path.exists(), f"{name} is not built: `make setup-test` builds it"
    return str(path)


def _kube_proxy(node: str) -> list[str]:
    flags = [f"--kubeconfig={config.KUBECONFIG}", "--proxy-mode=iptables", f"--hostname-override={node}"]
    flags += ["--bind-address=127.0.0.1", "--healthz-bind-address=127.0.0.1:10256"]
    # 0 leaves them as they are: only in the host's own network namespace can they be changed
    return [_tool("kube-proxy"), *flags, *(f"--{name}=0" for name in CONNTRACK)]


def _kube_router(node: str) -> list[str]:
    flags = ["--run-router=false", "--run-service-proxy=false", "--run-firewall=true", f"--hostname-override={node}"]
    flags += [f"--kubeconfig={config.KUBECONFIG}", f"--service-cluster-ip-range={config.SERVICE_NETWORK}"]
    return [_tool("kube-router"), *flags, "--metrics-port=0", "--health-port=0", "--iptables-sync-period=5s"]


@contextmanager
def _process(name: str, command: list[str], **more: str) -> Iterator[None]:
    """A process that ends with this one, and is still there at the end."""
    with open(config.LOGS / f"{name}.log", "wb") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=SIGKILL", *command],
            cwd=config.ROOT,
            env={**os.environ, **more},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
        assert process.poll() is None, f"{name} ended with {process.returncode}; see {config.LOGS}/{name}.log"
    finally:
        process.kill()
        process.wait()


def _remove_rules(machine: int) -> None:
    """Remove what was made in the machine's network, which had no rules before; the second node's goes with it."""
    for command in ("iptables", "ip6tables"):
        for table in ("filter", "nat", "mangle"):
            for flush_or_remove in ("-F", "-X"):
                subprocess.run(inside(machine, command, "-w", "-t", table, flush_or_remove), check=True)
    subprocess.run(inside(machine, "ipset", "destroy"), check=True)


def _dns_service() -> list[dict[str, Any]]:
    """The Service that leads to CoreDNS, which is no pod."""
    metadata = {"name": "kube-dns", "namespace": "kube-system"}
    names = (("dns", "UDP"), ("dns-tcp", "TCP"))
    ports = [{"name": name, "protocol": protocol, "port": 53, "targetPort": DNS_PORT} for name, protocol in names]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"clusterIP": CLUSTER_DNS, "ports": ports},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": "kube-dns"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [config.ADDRESS], "conditions": {"ready": True}}],
            "ports": [{"name": name, "protocol": protocol, "port": DNS_PORT} for name, protocol in names],
        },
    ]
