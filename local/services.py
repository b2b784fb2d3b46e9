"""The machine's services: what runs in it, with which configuration, and after what.

Kubernetes: https://kubernetes.io/docs/reference/command-line-tools-reference/
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from local import config
from local.cloud import Cloud
from local.images import PAUSE_IMAGE
from local.pki import Authority, Certificate, service_account_keys

ETCD = "127.0.0.1:2379"
NEVER_EVICT = ("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available")
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"


@dataclass(frozen=True)
class Node:
    """A node of the cluster: where its kubelet and its containers are, and what they may take.

    ``folder`` is for what they write, ``log`` begins the names of their logs, ``cgroup`` exists already, and ``dns`` is
    the server that pods ask for names, if there is one.
    """

    name: str
    address: str
    pods: str
    folder: Path
    cgroup: str
    log: str = ""
    dns: str | None = None


NODE = Node(config.NODE, config.ADDRESS, config.POD_NETWORK, config.MACHINE, config.CGROUP)


@dataclass(frozen=True)
class Service:
    """One long-running process, started as soon as ``may_start`` is true."""

    name: str
    argv: list[str]
    may_start: Callable[[], bool] = lambda: True
    env: dict[str, str] = field(default_factory=dict)


def listens(address: str) -> bool:
    """Whether somebody accepts connections at ``host:port``."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def api_server_ready() -> bool:
    """Whether the API server says that it is ready."""
    context = ssl.create_default_context(cafile=str(config.PKI / "ca.crt"))
    try:
        with urllib.request.urlopen(f"{config.ISSUER}/readyz", context=context, timeout=5) as answer:  # noqa: S310 — our own URL
            return bool(answer.status == 200)
    except OSError:
        return False


def _file(path: Path, content: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


def _program(name: str, *elsewhere: str) -> str:
    found = shutil.which(name) or next((path for path in elsewhere if Path(path).exists()), None)
    if not found:
        raise FileNotFoundError(f"{name} is not installed; `make setup` installs it")
    return found


@dataclass(frozen=True)
class Keys:
    """What the API server and the kubelet identify themselves and others with."""

    authority: Authority
    api_server: Certificate
    kubelet: Certificate
    kubelet_client: Certificate
    signing_key: Path
    verifying_key: Path
    kubeconfigs: dict[str, str]


def make_keys() -> Keys:
    """New keys for a new machine, with a kubeconfig for the admin and for each component."""
    authority = Authority(config.PKI)
    signing, verifying = service_account_keys(config.PKI)
    clients = {
        "admin": ("admin", "system:masters"),
        "controller-manager": ("system:kube-controller-manager", None),
        "scheduler": ("system:kube-scheduler", None),
        "kubelet": (f"system:node:{config.NODE}", "system:nodes"),
    }
    kubeconfigs = {
        name: str(
            authority.kubeconfig(
                config.KUBECONFIG if name == "admin" else config.PKI / f"{name}.kubeconfig",
                authority.client(name, user, group),
                config.ISSUER,
            )
        )
        for name, (user, group) in clients.items()
    }
    return Keys(
        authority=authority,
        api_server=authority.server(
            "api-server",
            addresses=[config.ADDRESS],
            hosts=["kubernetes", "kubernetes.default.svc"],
            common_name="kube-apiserver",
        ),
        kubelet=authority.server(
            "kubelet-server", addresses=[config.ADDRESS], hosts=[config.NODE], common_name=f"system:node:{config.NODE}"
        ),
        kubelet_client=authority.client("kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
        signing_key=signing,
        verifying_key=verifying,
        kubeconfigs=kubeconfigs,
    )


def _etcd() -> Service:
    peers = "http://127.0.0.1:2380"
    argv = [_program("etcd"), "--name=local", f"--data-dir={config.MACHINE / 'etcd'}"]
    argv += [f"--listen-client-urls=http://{ETCD}", f"--advertise-client-urls=http://{ETCD}"]
    argv += [f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"]
    return Service("etcd", [*argv, f"--initial-cluster=local={peers}"])


def _api_server(tools: Path, keys: Keys) -> Service:
    anonymous = [{"path": p} for p in ("/livez", "/readyz", "/.well-known/openid-configuration", "/openid/v1/jwks")]
    authentication = _file(
        config.MACHINE / "authentication.yaml",
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "AuthenticationConfiguration",
            "anonymous": {"enabled": True, "conditions": anonymous},
        },
    )
    flags = {
        "etcd-servers": f"http://{ETCD}",
        "bind-address": config.ADDRESS,
        "advertise-address": config.ADDRESS,
        "secure-port": "443",
        "tls-cert-file": keys.api_server.cert,
        "tls-private-key-file": keys.api_server.key,
        "client-ca-file": keys.authority.cert,
        "service-account-issuer": config.ISSUER,
        "service-account-jwks-uri": f"{config.ISSUER}/openid/v1/jwks",
        "service-account-signing-key-file": keys.signing_key,
        "service-account-key-file": keys.verifying_key,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "authentication-config": authentication,
        "service-cluster-ip-range": config.SERVICE_NETWORK,
        "endpoint-reconciler-type": "none",
        "kubelet-client-certificate": keys.kubelet_client.cert,
        "kubelet-client-key": keys.kubelet_client.key,
        "kubelet-certificate-authority": keys.authority.cert,
        "kubelet-preferred-address-types": "InternalIP",
        "profiling": "false",
    }
    argv = [str(tools / "kube-apiserver"), *(f"--{key}={value}" for key, value in flags.items())]
    return Service("kube-apiserver", argv, lambda: listens(ETCD))


def _controllers(tools: Path, keys: Keys) -> list[Service]:
    services = []
    for name, binary, extra in (
        (
            "controller-manager",
            "kube-controller-manager",
            [
                "--use-service-account-credentials=true",
                f"--service-account-private-key-file={keys.signing_key}",
                f"--root-ca-file={keys.authority.cert}",
            ],
        ),
        ("scheduler", "kube-scheduler", []),
    ):
        kubeconfig = keys.kubeconfigs[name]
        argv = [str(tools / binary), "--bind-address=127.0.0.1", "--leader-elect=false", *extra]
        argv += [f"--{use}kubeconfig={kubeconfig}" for use in ("", "authentication-", "authorization-")]
        services.append(Service(binary, argv, api_server_ready))
    return services


def containerd(node: Node) -> Service:
    """What runs the node's containers."""
    cni = node.folder / "cni"
    network = {
        "cniVersion": "0.4.0",
        "name": "local",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": node.pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }
    _file(cni / "10-local.conflist", json.dumps(network))
    settings = f"""\
version = 2
root = "{node.folder / "containerd"}"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.aufs",
]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{cni}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""
    argv = [_program("containerd"), "--config", _file(node.folder / "containerd.toml", settings)]
    return Service(f"{node.log}containerd", argv)


def kubelet(tools: Path, node: Node, authority: Path, serving: Certificate, kubeconfig: str) -> Service:
    """The node's kubelet, which shows a certificate and trusts clients of the authority."""
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(serving.cert),
        "tlsPrivateKeyFile": str(serving.key),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "oomScoreAdj": 0,
        "maxOpenFiles": 20000,
        "evictionHard": dict.fromkeys(NEVER_EVICT, "0%"),
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "resolvConf": _file(node.folder / "resolv.conf", "# no names are looked up here\n"),
        "podLogsDir": str(config.LOGS / f"{node.log}pods"),
    }
    if node.dns:
        settings |= {"clusterDNS": [node.dns], "clusterDomain": "cluster.local"}
    argv = [
        str(tools / "kubelet"),
        f"--config={_file(node.folder / 'kubelet.yaml', settings)}",
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        "--v=1",
    ]
    return Service(f"{node.log}kubelet", argv, lambda: api_server_ready() and Path(CONTAINERD_SOCKET).exists())


def all_services(tools: Path, clouds: Sequence[Cloud]) -> list[Service]:
    """Everything that runs in the machine, configured, in the order in which it can first start."""
    keys = make_keys()
    return [
        _etcd(),
        *(service for cloud in clouds for service in cloud.services(keys)),
        containerd(NODE),
        _api_server(tools, keys),
        *_controllers(tools, keys),
        kubelet(tools, NODE, keys.authority.cert, keys.kubelet, keys.kubeconfigs["kubelet"]),
    ]
