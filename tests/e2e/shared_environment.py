"""The shared service on the laptop environment: what a platform gives it, its own stack, and the pods that call it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509

from local import config, host
from local.pki import Authority
from local.progress import wait_for
from tests.e2e.conftest import Environment
from tests.e2e.shared_caller import Answer, Caller, manifest

PROGRAM = Path(__file__).parent / "shared_service"
STACK = "--stack=local"
NAMESPACES = ("platform", "stranger", "outsider")
"""Those that the laptop environment lacks; the stranger has no role anywhere, and the outsider may not call."""
CALLERS = {
    "test": ("test", "secret-access"),
    "prod": ("prod", "secret-access"),
    "without-role": ("test", "default"),
    "stranger": ("stranger", "default"),
    "outsider": ("outsider", "default"),
}
"""Namespace and ServiceAccount of each pod that calls, by its name."""
CALLER_POD = yaml.safe_load((PROGRAM / "Pulumi.local.yaml").read_text())["config"]["shared-service:caller_pod"]
"""Part of the spec of each of them, and of those of the stack's own workload."""
HOSTS = ["secrets.platform.svc", "secrets.platform.svc.cluster.local", "secrets.platform"]


@dataclass(frozen=True)
class Service:
    """The running service, who issues its certificates, and who calls it."""

    environment: Environment
    authority: Authority
    callers: dict[str, Caller]
    caller_access: dict[str, Any]
    hosts: list[str]

    def pulumi(self, *arguments: str) -> str:
        """Pulumi on the service's own stack."""
        return self.environment.pulumi(f"--cwd={PROGRAM}", *arguments, STACK)

    def addresses(self) -> list[str]:
        """Where the Service leads to now: its pods that are ready and not about to go."""
        slices = found(self.environment, "endpointslices", "kubernetes.io/service-name=secrets")
        assert all(port["port"] == 8080 for part in slices for port in part["ports"])
        ready = [end for part in slices for end in part["endpoints"] or [] if end["conditions"]["ready"]]
        return [address for end in ready for address in end["addresses"]]

    def pods(self) -> list[dict[str, Any]]:
        """The service's pods that are not about to go."""
        pods = found(self.environment, "pods", "app.kubernetes.io/name=secrets")
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def settled(self) -> list[str]:
        """The addresses once both pods that are there are ready, and no other is left."""

        def both() -> list[str] | None:
            here = {pod["status"].get("podIP") for pod in self.pods()}
            addresses = self.addresses()
            return addresses if len(addresses) == 2 and set(addresses) == here else None

        return wait_for("two ready pods of the service", both, still_possible=host.why_not_running)

    def ask(self, caller: str, name: str, spoilt: str = "") -> Answer:
        """Ask one of the replicas."""
        return self.callers[caller].ask(self.addresses()[0], name, spoilt)

    def give_certificate(self, file: str) -> int:
        """Give the service a new certificate, as a platform's issuer does; its serial number."""
        certificate = self.authority.server(file, addresses=[], hosts=self.hosts, common_name="secrets")
        give_certificate(self.environment, certificate.cert.read_text(), certificate.key.read_text())
        return serial_of(certificate.cert)


def serial_of(certificate: Path) -> int:
    """A certificate's serial number."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number


def found(environment: Environment, kind: str, labels: str) -> list[dict[str, Any]]:
    """Objects of the service's namespace."""
    listed = json.loads(environment.kubectl("get", kind, "-n", "platform", "-l", labels, "-o", "json"))
    items: list[dict[str, Any]] = listed["items"]
    return items


def apply(environment: Environment, *objects: dict[str, Any]) -> None:
    """Have these objects in the cluster."""
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    environment.kubectl("apply", "-f", "-", input=json.dumps(listed))


def give_certificate(environment: Environment, cert: str, key: str) -> None:
    """The Secret that the component is told of."""
    metadata = {"name": "secrets-tls", "namespace": "platform"}
    data = {"tls.crt": cert, "tls.key": key}
    kind = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls"}
    apply(environment, {**kind, "metadata": metadata, "stringData": data})


def namespace(name: str) -> dict[str, Any]:
    """One in which only pods fit for the Pod Security Standard `restricted` may run."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def authority_for(callers_namespace: str, authority: Authority) -> dict[str, Any]:
    """What a platform's trust bundle puts into a caller's namespace."""
    metadata = {"name": "secrets-ca", "namespace": callers_namespace}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"ca.crt": authority.cert.read_text()},
    }


@contextmanager
def running(environment: Environment, folder: Path) -> Iterator[Service]:
    """The service, up with its callers; afterwards nothing of it is left."""
    service = Service(environment, Authority(folder), {}, {}, HOSTS)
    callers_namespaces = sorted({namespace for namespace, _ in CALLERS.values()})
    try:
        apply(environment, *map(namespace, NAMESPACES))
        apply(environment, *(authority_for(name, service.authority) for name in callers_namespaces))
        service.give_certificate("first")
        environment.pulumi(f"--cwd={PROGRAM}", "stack", "select", "--create", "local")
        service.pulumi("up", "--yes", "--skip-preview")
        outputs = json.loads(service.pulumi("stack", "output", "--json"))
        assert outputs["hosts"] == HOSTS
        service.caller_access.update(outputs["caller"])
        for pod, (of, account) in CALLERS.items():
            apply(environment, manifest(outputs["caller"], of, pod, account, CALLER_POD))
            service.callers[pod] = Caller(environment, of, pod)
        for pod, (of, _) in CALLERS.items():
            environment.kubectl("wait", "pod", pod, "-n", of, "--for=condition=Ready", "--timeout=120s")
        yield service
    finally:
        if host.running():
            service.pulumi("destroy", "--yes", "--skip-preview")
            service.pulumi("stack", "rm", "--yes", "--preserve-config")
            for pod, (of, _) in CALLERS.items():
                environment.kubectl("delete", "pod", pod, "-n", of, "--ignore-not-found")
            for name in config.ENVIRONMENTS:
                environment.kubectl("delete", "configmap", "secrets-ca", "-n", name, "--ignore-not-found")
            environment.kubectl("delete", "namespace", *NAMESPACES, "--ignore-not-found")
