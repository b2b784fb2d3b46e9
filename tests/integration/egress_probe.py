"""PodEgress's policy, enforced by kube-router: pods are network namespaces. Run in a network namespace of its own.

`python -m tests.integration.egress_probe TOOLS KUBE_ROUTER FOLDER` prints what a pod reaches before and with the
policy, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from local.progress import wait_for
from secret_access.pods.network_policy import ANYWHERE, egress_policy
from tests.integration.real_parts import ApiServer, died, process

NODE = "10.79.1.9"
POD = "10.88.0.2"
METADATA, VAULT = "169.254.169.254", "203.0.113.7"
ASKED = {"vault": (VAULT, 443), "vault, another port": (VAULT, 80), "metadata": (METADATA, 80), "tls": (METADATA, 443)}
CONNECT = """
import json, socket, sys
found = {}
for name, (address, port) in json.loads(sys.argv[1]).items():
    with socket.socket() as asking:
        asking.settimeout(2)
        found[name] = asking.connect_ex((address, port)) == 0
print(json.dumps(found))
"""
LISTEN = """
import socket, time
kept = [socket.create_server(("0.0.0.0", port)) for port in (80, 443)]
print("listening", flush=True)
time.sleep(600)
"""


def run(*command: str) -> str:
    """What a command prints; it has to succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def wire(name: str, *addresses: str) -> None:
    """A network namespace with these addresses, reached by a route of the node."""
    run("ip", "netns", "add", name)
    run("ip", "link", "add", f"h-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
    run("ip", "link", "set", f"h-{name}", "up")
    run("sysctl", "-qw", f"net.ipv4.conf.h-{name}.proxy_arp=1")
    inside = ("ip", "-n", name)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "link", "set", "eth0", "up")
    for address in addresses:
        run("ip", "route", "add", f"{address}/32", "dev", f"h-{name}")
        run(*inside, "addr", "add", f"{address}/32", "dev", "eth0")
    run(*inside, "route", "add", "10.99.0.1", "dev", "eth0", "scope", "link")
    run(*inside, "route", "add", "default", "via", "10.99.0.1", "dev", "eth0")


def reached() -> dict[str, bool]:
    """What the pod reaches."""
    asked = json.dumps(ASKED)
    found: dict[str, bool] = json.loads(run("ip", "netns", "exec", "pod", sys.executable, "-c", CONNECT, asked))
    return found


def main(tools: Path, kube_router: Path, folder: Path) -> None:
    """Print what is reached before and with the policy."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", f"{NODE}/32", "dev", "lo")
    run("ip", "route", "add", "default", "dev", "lo", "src", NODE)  # the API server takes its address from there
    run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    wire("pod", POD)
    wire("world", VAULT, METADATA)
    servers = process("ip", "netns", "exec", "world", sys.executable, "-c", LISTEN, log=folder / "world.log")
    with servers, ApiServer.running(tools, folder) as cluster:
        make = cluster.client.request
        make("POST", "/api/v1/nodes", {"metadata": {"name": "node"}, "spec": {"podCIDR": "10.88.0.0/24"}})
        node = make("GET", "/api/v1/nodes/node")
        del node["metadata"]["resourceVersion"]  # controllers write to it too
        status = {"addresses": [{"type": "InternalIP", "address": NODE}, {"type": "Hostname", "address": "node"}]}
        make("PUT", "/api/v1/nodes/node/status", {**node, "status": status})
        make("POST", "/api/v1/namespaces", {"metadata": {"name": "test"}})
        make("POST", "/api/v1/namespaces/test/serviceaccounts", {"metadata": {"name": "app"}})
        spec = {
            "serviceAccountName": "app",
            "nodeName": "node",
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "app", "image": "app"}],
        }
        pods = "/api/v1/namespaces/test/pods"
        made = make("POST", pods, {"metadata": {"name": "app", "labels": {"app": "shop"}}, "spec": spec})
        running = {"phase": "Running", "podIP": POD, "podIPs": [{"ip": POD}], "hostIP": NODE, "hostIPs": [{"ip": NODE}]}
        make("PUT", f"{pods}/app/status", {**made, "status": running})
        wait_for("the listeners", lambda: "listening" in (folder / "world.log").read_text())
        before = reached()
        policy = {"metadata": {"name": "egress"}, "spec": egress_policy({}, ANYWHERE, [443], True, False, [])}
        make("POST", "/apis/networking.k8s.io/v1/namespaces/test/networkpolicies", policy)
        log = folder / "kube-router.log"
        command = (
            str(kube_router),
            f"--kubeconfig={cluster.kubeconfig}",
            "--run-router=false",
            "--run-service-proxy=false",
            "--run-firewall=true",
            "--hostname-override=node",
            "--metrics-port=0",
            "--health-port=0",
            "--iptables-sync-period=5s",
            "--service-cluster-ip-range=10.0.0.0/24",
        )
        with process(*command, log=log, env={**os.environ, "NODE_NAME": "node"}) as engine:

            def enforced() -> dict[str, bool] | None:
                now = reached()
                return now if not now["metadata"] and now["vault"] else None

            limited = wait_for("the policy", enforced, still_possible=lambda: died(engine, log))
    print(json.dumps({"before": before, "limited": limited}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
