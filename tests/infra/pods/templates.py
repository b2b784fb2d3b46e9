"""Pod templates and the access that is put into them, for tests of the injection."""

from typing import Any

from secret_access.pods import sidecar_container

TOKEN_FOLDER = "/var/run/secrets/secret-access/aws"
SIDECAR = sidecar_container.container(
    image="registry.example/secret-sidecar:1",
    env=[{"name": "SECRETS_BACKEND", "value": "aws"}],
    token_folder=TOKEN_FOLDER,
)
URL = "http://localhost:8080"
VOLUME = sidecar_container.token_volume("sts.amazonaws.com", 3600)
EKS_SKIP = "eks.amazonaws.com/skip-containers"


def access(**changed: Any) -> Any:
    """What a workload takes from the access component of the namespace `test`."""
    return {
        "namespace": "test",
        "service_account_name": "secret-access",
        "sidecar": SIDECAR,
        "volumes": [VOLUME],
        "pod_labels": {"team": "a"},
        "pod_annotations": {EKS_SKIP: "app,secrets"},
        "url": URL,
        **changed,
    }


def template(*, metadata: dict[str, Any] | None = None, container: Any = None, **spec: Any) -> dict[str, Any]:
    """A pod template with one container, `app`; what is given beside it is of the pod's spec."""
    app = {"name": "app", "image": "shop:1", **(container or {})}
    return {**({"metadata": metadata} if metadata else {}), "spec": {"containers": [app], **spec}}


def token(audience: str | None) -> dict[str, Any]:
    """A volume of the app's own with a token of the pod's ServiceAccount."""
    request = {"path": "token", **({"audience": audience} if audience else {})}
    return {"name": "own-token", "projected": {"sources": [{"serviceAccountToken": request}]}}
