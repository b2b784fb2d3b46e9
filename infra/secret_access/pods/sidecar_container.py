"""The sidecar's container and the volume with its token, as they stand in a pod's manifest. Pure.

A native sidecar: an init container that restarts always, so the app starts after it and ends before it (Kubernetes,
"Sidecar Containers"). The token is projected by us, into this container alone (Kubernetes, "ServiceAccount token
volume projection").
"""

from collections.abc import Mapping, Sequence
from typing import Any

CONTAINER = "secrets"
VOLUME = "secret-access-token"
FILES_VOLUME = "secret-access-files"
DEFAULT_PORT = 8080
HEALTH_PORT = 8081
USER = 65532
# No CPU limit: throttling would delay reads, and the request already guarantees a share
RESOURCES = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
TERMINATION_MESSAGE = "FallbackToLogsOnError"
"""If a container fails, `kubectl describe pod` shows the last lines of its log as the termination message."""
NO_FILES: dict[str, Any] = {}

Manifest = dict[str, Any]


def container(
    *,
    image: str,
    env: Sequence[Manifest],
    token_folder: str,
    pull_policy: str | None = None,
    resources: Mapping[str, Any] = RESOURCES,
    user: int | None = USER,
    files: Mapping[str, Manifest] = NO_FILES,
) -> Manifest:
    """Return the container, fit for the Pod Security Standard `restricted`."""
    return {
        "name": CONTAINER,
        "image": image,
        **({"imagePullPolicy": pull_policy} if pull_policy else {}),
        "restartPolicy": "Always",
        "env": list(env),
        "ports": [{"name": "health", "containerPort": HEALTH_PORT}],
        **probes(),
        "terminationMessagePolicy": TERMINATION_MESSAGE,
        "resources": dict(resources),
        "securityContext": security_context(user),
        "volumeMounts": [
            {"name": VOLUME, "mountPath": token_folder, "readOnly": True},
            *file_mounts(files),
        ],
    }


def probes() -> Manifest:
    """Return the probes: alive while `/healthz` answers, ready once `/readyz` does.

    They also keep the sidecar off clusters without native sidecars: an API server that drops its `restartPolicy`
    refuses an ordinary init container that has probes, where the app would wait for ever.
    """
    return {
        "startupProbe": {**_probe("/healthz"), "periodSeconds": 1, "failureThreshold": 60},
        "livenessProbe": {**_probe("/healthz"), "periodSeconds": 10},
        "readinessProbe": {**_probe("/readyz"), "periodSeconds": 2},
    }


def security_context(user: int | None) -> Manifest:
    """Return what the Pod Security Standard `restricted` requires, with a read-only root filesystem.

    Without a user, the platform assigns one, as OpenShift does.
    """
    return {
        "runAsNonRoot": True,
        **({} if user is None else {"runAsUser": user, "runAsGroup": user}),
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def url(port: int) -> str:
    """Return the sidecar's URL for the containers of the pod."""
    return f"http://localhost:{port}"


def file_volumes(files: Mapping[str, Manifest]) -> list[Manifest]:
    """Return the volumes of the files, given by the path that each is mounted at."""
    return [{"name": name, **source} for name, _, source in _named(files)]


def file_mounts(files: Mapping[str, Manifest]) -> list[Manifest]:
    """Return the mounts of the same files."""
    return [{"name": name, "mountPath": path, "readOnly": True} for name, path, _ in _named(files)]


def _named(files: Mapping[str, Manifest]) -> list[tuple[str, str, Manifest]]:
    return [(f"{FILES_VOLUME}-{number}", path, files[path]) for number, path in enumerate(sorted(files))]


def token_volume(audience: str, expiration_seconds: int) -> Manifest:
    """Return the token's volume; the kubelet renews the token. No `defaultMode`, since 0440 needs an fsGroup."""
    token = {"audience": audience, "expirationSeconds": expiration_seconds, "path": "token"}
    return {"name": VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}


def _probe(path: str) -> Manifest:
    return {"httpGet": {"path": path, "port": "health"}, "timeoutSeconds": 5}
