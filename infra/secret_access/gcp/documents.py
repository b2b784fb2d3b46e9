"""Google Cloud's names and documents, as pure functions: who a ServiceAccount's token is, and what that one may read.

Sources: IAM, "Principal identifiers", "Attribute reference for IAM Conditions" and "Resource name format" in its
conditions; Secret Manager, "Access control with IAM"; GKE, "Workload Identity Federation for GKE";
https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from secret_names import dashed

from ..checks import subject

IAM = "//iam.googleapis.com/"
IDENTITY_NAMESPACE = "identitynamespace:"
PROVIDER_ID = "cluster"
"""The id of the one provider in a cluster's pool."""
SUBJECT_MAPPING = {"google.subject": "assertion.sub"}
ACCOUNT_DOMAIN = ".iam.gserviceaccount.com"
GLOBAL = "global"
"""The place of secrets that have no region."""
ACCESSOR = "roles/secretmanager.secretAccessor"
VIEWER = "roles/secretmanager.viewer"
VERSION_ADDER = "roles/secretmanager.secretVersionAdder"
WORKLOAD_IDENTITY_USER = "roles/iam.workloadIdentityUser"


class GcpGrant(StrEnum):
    """By what the identity may read its secrets."""

    SECRETS = "secrets"
    """One binding on each declared secret."""
    PREFIX = "prefix"
    """One binding on the project, with a condition on the prefix of the secrets' names."""


@dataclass(frozen=True)
class WorkloadIdentityProvider:
    """Who exchanges a cluster's tokens: a pool's provider, or GKE's own for one cluster."""

    pool_id: str
    """Example: `blue`; for GKE's pool, `my-project.svc.id.goog`."""
    issuer: str
    """The provider in the pool. Example: `cluster`; for GKE's pool, the cluster's URL."""
    pool_project: str
    """The number of the pool's project; for GKE's pool, which does not name it, empty."""

    @property
    def is_gke(self) -> bool:
        """Whether it is GKE's pool."""
        return self.pool_id.endswith(".svc.id.goog")

    @property
    def name(self) -> str:
        """The name by which STS knows it (`audience` of a token exchange)."""
        if self.is_gke:
            return f"{IDENTITY_NAMESPACE}{self.pool_id}:{self.issuer}"
        return f"{IAM}{provider_name(self.pool_project, self.pool_id, self.issuer)}"

    @property
    def token_audience(self) -> str:
        """The audience that it expects of a ServiceAccount's token, unless it is told another."""
        return self.pool_id if self.is_gke else f"https:{self.name}"


def pool_name(project_number: str, pool_id: str) -> str:
    """Return a pool's resource name."""
    return f"projects/{project_number}/locations/global/workloadIdentityPools/{pool_id}"


def provider_name(project_number: str, pool_id: str, provider_id: str) -> str:
    """Return the resource name of a pool's provider."""
    return f"{pool_name(project_number, pool_id)}/providers/{provider_id}"


def mapped_subject(provider: WorkloadIdentityProvider, namespace: str, service_account: str) -> str:
    """Return `google.subject` of a ServiceAccount's tokens."""
    return f"ns/{namespace}/sa/{service_account}" if provider.is_gke else subject(namespace, service_account)


def principal(provider: WorkloadIdentityProvider, pool_project: str, namespace: str, service_account: str) -> str:
    """Return the principal that a ServiceAccount's tokens become, as a binding spells it."""
    found = mapped_subject(provider, namespace, service_account)
    return f"principal:{IAM}{pool_name(pool_project, provider.pool_id)}/subject/{found}"


def impersonator(provider: WorkloadIdentityProvider, pool_project: str, namespace: str, service_account: str) -> str:
    """Return the same as the policy of a service account spells it, which for GKE's pool is a form of its own."""
    if provider.is_gke:
        return f"serviceAccount:{provider.pool_id}[{namespace}/{service_account}]"
    return principal(provider, pool_project, namespace, service_account)


def account_email(account_id: str, project: str) -> str:
    """Return a service account's email; in a project `example.com:shop` its domain is `shop.example.com…`."""
    domain, _, name = project.rpartition(":")
    return f"{account_id}@{f'{name}.{domain}' if domain else name}{ACCOUNT_DOMAIN}"


def account_name(email: str) -> str:
    """Return the resource name of a service account, whose project is in its email."""
    name, _, domain = email.partition("@")[2].removesuffix(ACCOUNT_DOMAIN).partition(".")
    return f"projects/{f'{domain}:{name}' if domain else name}/serviceAccounts/{email}"


def account_member(email: str) -> str:
    """Return a service account as a binding spells it."""
    return f"serviceAccount:{email}"


def display_name(namespace: str) -> str:
    """Return what people read of a service account and of a condition; at most 88 characters of the 100 there are."""
    return f"Secrets of the namespace {namespace}"


def account_policy(member: str) -> str:
    """Return the policy of a service account that one member alone may impersonate."""
    return json.dumps({"bindings": [{"role": WORKLOAD_IDENTITY_USER, "members": [member]}]})


def prefix_condition(project_number: str, prefix: str, locations: Sequence[str]) -> str:
    """Return the condition (CEL) that holds for secrets under `prefix`, and for their versions, in these places.

    The name of a resource has the project's number. A region's secrets are named apart, so each place is a clause.
    """
    return " || ".join(
        f'resource.name.startsWith("{_parent(project_number, location)}/secrets/{dashed(prefix)}")'
        for location in locations
    )


def _parent(project_number: str, location: str) -> str:
    return f"projects/{project_number}" + ("" if location == GLOBAL else f"/locations/{location}")
