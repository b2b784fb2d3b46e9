"""The manifests of a shared service. Pure.

https://kubernetes.io/docs/concepts/services-networking/network-policies/,
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..pods import sidecar_container, sidecar_settings
from ..pods.network_policy import from_namespaces

PORT = sidecar_container.DEFAULT_PORT
CERTIFICATE = "certificate"
CERTIFICATE_FOLDER = "/var/run/secrets/secret-access/certificate"
NODE, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
DELAY_VARIABLE, DEFAULT_DELAY = "SECRETS_SHARED_SHUTDOWN_DELAY", 5
"""How long a terminating pod goes on serving, so that the Service stops routing to it first; in seconds."""
SHORTEST_GRACE = 30
"""Kubernetes' own grace period of a pod, in seconds."""

Manifest = dict[str, Any]


def hosts(name: str, namespace: str) -> list[str]:
    """Return the DNS names of the Service, which its certificate must have."""
    return [f"{name}.{namespace}.svc", f"{name}.{namespace}.svc.cluster.local", f"{name}.{namespace}"]


def url(name: str, namespace: str) -> str:
    """Return the URL for callers."""
    return f"https://{hosts(name, namespace)[0]}:{PORT}"


def labels(name: str) -> dict[str, str]:
    """Return the labels that select the pods."""
    return {"app.kubernetes.io/name": name}


def pod(
    *,
    name: str,
    namespace: str,
    image: str,
    pull_policy: str | None,
    certificate: Mapping[str, Any],
    env: Mapping[str, str],
    files: Mapping[str, Manifest],
    resources: Mapping[str, Any],
    user: int | None,
) -> Manifest:
    """Return the pod, fit for the Pod Security Standard `restricted`, without any token.

    `env` are the settings beside those that say where the service is.
    """
    spread = {
        "maxSkew": 1,
        "topologyKey": NODE,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(name)},
        # Those of the old version would count too while a rollout replaces them, and the new ones then share a node
        "matchLabelKeys": ["pod-template-hash"],
    }
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "topologySpreadConstraints": [spread],
        # No second constraint: where a node lacks the label of one, as in a cluster without zones, none is weighed
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [_apart(name, ZONE)]}},
        "terminationGracePeriodSeconds": grace_seconds(env),
        "containers": [
            _container(image, pull_policy, _environment(name, namespace, env), resources, user, files),
        ],
        "volumes": [{"name": CERTIFICATE, **certificate}, *sidecar_container.file_volumes(files)],
    }


def grace_seconds(env: Mapping[str, str]) -> int:
    """Return how long a pod may take to end: until no caller is routed to it, and its last read has its answer."""
    delay = float(env.get(DELAY_VARIABLE) or DEFAULT_DELAY)
    longest_read = float(env.get("SECRETS_TIMEOUT") or sidecar_settings.DEFAULT_TIMEOUT)
    return max(SHORTEST_GRACE, math.ceil(delay + longest_read) + 5)


def service(name: str) -> Manifest:
    """Return the spec of the Service."""
    port = {"name": "api", "port": PORT, "targetPort": "api", "protocol": "TCP", "appProtocol": "https"}
    return {"type": "ClusterIP", "selector": labels(name), "ports": [port]}


def disruption_budget(name: str) -> Manifest:
    """Return a budget of one pod at a time; a pod that is not ready does not block a drain."""
    return {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": labels(name)},
    }


def network_policy(name: str, callers: Sequence[str], metrics: Sequence[str]) -> Manifest:
    """Return a policy that allows the callers to reach the API, and those that collect metrics the health port."""
    rules = [from_namespaces(callers, PORT)]
    if metrics:
        rules.append(from_namespaces(metrics, sidecar_container.HEALTH_PORT))
    return {"podSelector": {"matchLabels": labels(name)}, "policyTypes": ["Ingress"], "ingress": rules}


def _apart(name: str, topology: str) -> Manifest:
    """Return the wish that no two pods are in one place."""
    return {"weight": 100, "podAffinityTerm": {"labelSelector": {"matchLabels": labels(name)}, "topologyKey": topology}}


def _container(
    image: str,
    pull_policy: str | None,
    env: list[Manifest],
    resources: Mapping[str, Any],
    user: int | None,
    files: Mapping[str, Manifest],
) -> Manifest:
    return {
        "name": sidecar_container.CONTAINER,
        "image": image,
        **({"imagePullPolicy": pull_policy} if pull_policy else {}),
        "env": env,
        "ports": [
            {"name": "api", "containerPort": PORT},
            {"name": "health", "containerPort": sidecar_container.HEALTH_PORT},
        ],
        **sidecar_container.probes(),
        "terminationMessagePolicy": sidecar_container.TERMINATION_MESSAGE,
        "resources": dict(resources),
        "securityContext": sidecar_container.security_context(user),
        "volumeMounts": [
            {"name": CERTIFICATE, "mountPath": CERTIFICATE_FOLDER, "readOnly": True},
            *sidecar_container.file_mounts(files),
        ],
    }


def _environment(name: str, namespace: str, env: Mapping[str, str]) -> list[Manifest]:
    values = {
        "SECRETS_MODE": "shared",
        "SECRETS_PORT": str(PORT),
        "SECRETS_HEALTH_PORT": str(sidecar_container.HEALTH_PORT),
        "SECRETS_TLS_CERT_FILE": f"{CERTIFICATE_FOLDER}/tls.crt",
        "SECRETS_TLS_KEY_FILE": f"{CERTIFICATE_FOLDER}/tls.key",
        "SECRETS_SHARED_HOSTS": ",".join(hosts(name, namespace)),
        **env,
    }
    return [{"name": variable, "value": value} for variable, value in values.items()]
