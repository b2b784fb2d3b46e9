"""Google Cloud Secret Manager as a provider of the External Secrets Operator. Pure.

https://external-secrets.io/latest/provider/google-secrets-manager/
"""

import re
from typing import Any

from ..checks import invalid
from .documents import GLOBAL, WorkloadIdentityProvider

ACCOUNT_ANNOTATION = "iam.gke.io/gcp-service-account"
"""By which the operator, like GKE, knows the service account that a ServiceAccount may impersonate."""
_CLUSTER = re.compile(r"https://container\.googleapis\.com/v1/projects/([^/]+)/locations/([^/]+)/clusters/([^/]+)")


def provider(account_name: str, project: str, identity: WorkloadIdentityProvider, location: str) -> dict[str, Any]:
    """Return the provider of a SecretStore, which for a cluster of GKE's exchanges the ServiceAccount's tokens."""
    cluster = _CLUSTER.fullmatch(identity.issuer) if identity.is_gke else None
    if cluster is None:
        raise invalid(
            "external_secrets with a pool that is not GKE's",
            identity.name,
            "a cluster of GKE: the operator's workloadIdentity exchanges no other tokens",
            "leave external_secrets out, and read the secrets through the sidecar",
        )
    auth = {
        "workloadIdentity": {
            "serviceAccountRef": {"name": account_name},
            "clusterProjectID": cluster[1],
            "clusterLocation": cluster[2],
            "clusterName": cluster[3],
        }
    }
    return {"gcpsm": {"projectID": project, "auth": auth, **({} if location == GLOBAL else {"location": location})}}
