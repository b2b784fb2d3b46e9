"""The sidecar's container and the volume with its token, as they stand in a pod's manifest. Pure.

A native sidecar: an init container that restarts always, so the app starts after it and ends before it (Kubernetes,
"Sidecar Containers"). The token is projected by us, into this container alone (Kubernetes, "ServiceAccount token
volume projection").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CONTAINER = "secrets"
VOLUME = "secret-access-token"
TOKEN_FOLDER = "/var/run/secrets/secret-access/aws"  # noqa: S105  a path
DEFAULT_PORT = 8080
HEALTH_PORT = 8081
USER = 65532

Manifest = dict[str, Any]


@dataclass(frozen=True)
class AwsSidecar:
    """What the sidecar is told."""

    image: str
    namespace: str
    secret_prefix: str
    secrets: Sequence[str]
    region: str
    role_arn: str
    port: int = DEFAULT_PORT
    endpoint_url: str | None = None
    writes: bool = False


def container(told: AwsSidecar) -> Manifest:
    """The container, fit for the Pod Security Standard `restricted`."""
    return {
        "name": CONTAINER,
        "image": told.image,
        "restartPolicy": "Always",
        "env": _environment(told),
        "ports": [{"name": "health", "containerPort": HEALTH_PORT}],
        **probes(),
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "128Mi"},
        },
        "securityContext": security_context(),
        "volumeMounts": [{"name": VOLUME, "mountPath": TOKEN_FOLDER, "readOnly": True}],
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


def _environment(told: AwsSidecar) -> list[Manifest]:
    values = {
        "SECRETS_BACKEND": "aws",
        "SECRETS_NAMESPACE": told.namespace,
        "SECRETS_PREFIX": told.secret_prefix,
        "SECRETS_NAMES": ",".join(told.secrets),
        "SECRETS_PORT": str(told.port),
        "SECRETS_HEALTH_PORT": str(HEALTH_PORT),
        "AWS_REGION": told.region,
        "AWS_ROLE_ARN": told.role_arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
        # Otherwise a missing identity would fall back, silently, to that of the node
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": told.endpoint_url,
        "SECRETS_ACCESS": "read_write" if told.writes else None,
    }
    named: list[Manifest] = [{"name": name, "value": value} for name, value in values.items() if value]
    # CloudTrail shows the session's name: with it, the pod that read
    return [*named, {"name": "SECRETS_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]


def _probe(path: str) -> Manifest:
    return {"httpGet": {"path": path, "port": "health"}, "timeoutSeconds": 5}
