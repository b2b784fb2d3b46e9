"""Objects that put values into etcd, in a namespace that is marked to have none."""

from collections.abc import Sequence
from typing import Any

from tests.infra.policy.cases.case import CANARY, Case, Program

RUNTIME_ONLY: dict[str, Any] = {"name": "marked", "labels": {"secret-access/runtime-only": "true"}}
NOT_MARKED: dict[str, Any] = {"name": "not-marked", "labels": {"secret-access/runtime-only": "false"}}
SECRET = "kubernetes:core/v1:Secret"
SEALED = "kubernetes:bitnami.com/v1alpha1:SealedSecret"
EXTERNAL = "kubernetes:external-secrets.io/v1:ExternalSecret"
CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
SYNCED: dict[str, Any] = {"provider": "aws", "secretObjects": [{"secretName": "it", "type": "Opaque"}]}
MAKE_SECRETS: Sequence[tuple[str, dict[str, Any]]] = (
    (SECRET, {"stringData": {"password": CANARY}}),
    (SEALED, {"spec": {}}),
    (EXTERNAL, {"spec": {}}),
    (CLASS, {"spec": SYNCED}),
)


def in_namespace(kind: str, marked: bool, **body: Any) -> Program:
    """A namespace, marked or not, and an object in it."""
    metadata = RUNTIME_ONLY if marked else NOT_MARKED
    return {
        "first": ("kubernetes:core/v1:Namespace", {"metadata": metadata}),
        "second": (kind, {"metadata": {"name": "it", "namespace": metadata["name"]}, **body}),
    }


SECRETS_IN_ETCD = [
    *(
        Case(
            "secret-in-etcd",
            kind.rpartition(":")[2],
            "second",
            f"{kind.rpartition(':')[2]} it puts values into etcd, in the namespace marked",
            in_namespace(kind, True, **body),
            in_namespace(kind, False, **body),
        )
        for kind, body in MAKE_SECRETS
    ),
    Case(
        "secret-in-etcd",
        "a list of Secrets",
        "second",
        "Secret it puts values into etcd, in the namespace marked",
        {
            "first": ("kubernetes:core/v1:Namespace", {"metadata": RUNTIME_ONLY}),
            "second": (f"{SECRET}List", {"items": [{"metadata": {"name": "it", "namespace": "marked"}}]}),
        },
        {
            "first": ("kubernetes:core/v1:Namespace", {"metadata": NOT_MARKED}),
            "second": (f"{SECRET}List", {"items": [{"metadata": {"name": "it", "namespace": "not-marked"}}]}),
        },
    ),
]
