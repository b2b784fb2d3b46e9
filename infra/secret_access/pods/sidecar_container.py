"""The sidecar's container and the volume with its token, as they stand in a pod's manifest. Pure.

A native sidecar: an init container that restarts always, so the app starts after it and ends before it (Kubernetes,
"Sidecar Containers"). The token is projected by us, into this container alone (Kubernetes, "ServiceAccount token
volume projection").
"""

from collections.abc import Sequence
from typing import Any

CONTAINER = "secrets"
VOLUME = "secret-access-token"
DEFAULT_PORT = 8080
HEALTH_PORT = 8081
USER = 65532

Manifest = dict[str, Any]


def container(*, image: str, env: Sequence[Manifest], token_folder: str) -> Manifest:
    """Return the container, fit for the Pod Security Standard `restricted`."""
    return {
        "name": CONTAINER,
        "image": image,
        "restartPolicy": "Always",
        "env": list(env),
        "ports": [{"name": "health", "containerPort": HEALTH_PORT}],
        **probes(),
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "128Mi"},
        },
        "securityContext": security_context(),
        "volumeMounts": [{"name": VOLUME, "mountPath": token_folder, "readOnly": True}],
    }


def probes() -> Manifest:
    """Up when `/healthz` answers, in service when `/readyz` says so."""
    return {
        "startupProbe": {**_probe("/healthz"), "periodSeconds": 1, "failureThreshold": 60},
        "livenessProbe": {**_probe("/healthz"), "periodSeconds": 10},
        "readinessProbe": {**_probe("/readyz"), "periodSeconds": 2},
    }


def security_context() -> Manifest:
    """What the Pod Security Standard `restricted` asks of a container, and a root filesystem that nothing writes to."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def url(port: int) -> str:
    """Where the containers of the pod reach the sidecar."""
    return f"http://localhost:{port}"


def token_volume(audience: str, expiration_seconds: int) -> Manifest:
    """The token's volume; the kubelet renews it in time. `defaultMode` is left alone: 0440 needs an fsGroup."""
    token = {"audience": audience, "expirationSeconds": expiration_seconds, "path": "token"}
    return {"name": VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}


def _probe(path: str) -> Manifest:
    return {"httpGet": {"path": path, "port": "health"}, "timeoutSeconds": 5}
