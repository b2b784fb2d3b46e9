"""What answers of Google Cloud mean for the first `pulumi up`. Pure.

Sources: Resource Manager API v1, projects.get and projects.testIamPermissions; Service Usage API v1,
services.batchGet; IAM API v1, projects.locations.workloadIdentityPools and their providers; Secret Manager API v1;
Kubernetes Engine API v1, projects.locations.clusters.list.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...gcp import checks as gcp_checks
from ...gcp.documents import SUBJECT_MAPPING, WorkloadIdentityProvider
from ..check import Check, Severity
from ..stack import Stack

Answer = Mapping[str, Any]
PROJECT, APIS, TRUST, CLUSTERS, RIGHTS = (
    "the Google Cloud project",
    "Google's APIs",
    "Google's trust in the cluster",
    "the clusters of GKE's pool",
    "the rights of who runs `up` on Google Cloud",
)
NEEDED = ("secretmanager", "iam", "sts")
"""APIs without which `up` or each read fails."""
OF_ACCOUNTS = "iamcredentials"
"""The API by which a namespace becomes a service account, where it has one."""
OF_POOLS = (
    "iam.workloadIdentityPools.create",
    "iam.workloadIdentityPools.get",
    "iam.workloadIdentityPoolProviders.create",
    "iam.workloadIdentityPoolProviders.get",
)
ON_SECRETS = ("secretmanager.secrets.getIamPolicy", "secretmanager.secrets.setIamPolicy")
ON_PROJECT = ("resourcemanager.projects.getIamPolicy", "resourcemanager.projects.setIamPolicy")
GKE = re.compile(r"https://container\.googleapis\.com/v1/projects/([^/]+)/locations/[^/]+/clusters/[^/]+")


def gke_project(issuer: str) -> str | None:
    """Return the project of a cluster of GKE, whose pool is its own; None for another issuer."""
    found = GKE.fullmatch(issuer)
    return found[1] if found else None


def project(found: Answer) -> Check:
    """Judge the project itself."""
    state, said = found.get("lifecycleState"), f"{found.get('projectId')}, number {found.get('projectNumber')}"
    if state != "ACTIVE":
        return Check("gcp-project", Severity.ERROR, PROJECT, f"{said}, is {state}", "take another, or restore it")
    return Check("gcp-project", Severity.OK, PROJECT, said)


def service(api: str, project_id: str) -> str:
    """Return how Service Usage names an API of a project."""
    return f"projects/{project_id}/services/{api}.googleapis.com"


def apis(enabled: Collection[str], project_id: str) -> Check:
    """Judge which APIs are on. `enabled`: without the domain."""
    missing = [api for api in (*NEEDED, OF_ACCOUNTS) if api not in enabled]
    mend = f"gcloud services enable {' '.join(f'{api}.googleapis.com' for api in missing)} --project {project_id}"
    found = f"off: {', '.join(missing)}"
    if missing == [OF_ACCOUNTS]:
        reason = f"{found}, which namespaces with a google_service_account need"
        return Check("gcp-apis", Severity.WARNING, APIS, reason, mend)
    if missing:
        return Check("gcp-apis", Severity.ERROR, APIS, found, mend)
    return Check("gcp-apis", Severity.OK, APIS, f"on: {', '.join((*NEEDED, OF_ACCOUNTS))}")


def pool(stack: Stack, name: str, found: Answer | None) -> Iterator[Check]:
    """Yield what is to be said of the pool already without its provider; None where there is none."""
    if found is None and not stack.trusted:
        yield Check("gcp-trust", Severity.OK, TRUST, f"there is no {name} yet: `pulumi up` makes it")
    elif found is None:
        mend = "run `pulumi up` of the cluster's stack first, or ask with its --pool"
        yield Check("gcp-trust", Severity.ERROR, TRUST, f"there is no {name}", mend)
    elif found.get("state") == "DELETED":
        mend = "take another pool_id, or `gcloud iam workload-identity-pools undelete` it and give it back to its stack"
        yield Check("gcp-trust", Severity.ERROR, TRUST, f"{name} is deleted, and its id taken for 30 days", mend)
    elif found.get("disabled"):
        yield Check("gcp-trust", Severity.ERROR, TRUST, f"{name} is disabled", "enable it")


def provider(stack: Stack, expected: WorkloadIdentityProvider, found: Answer | None) -> Check:
    """Judge the provider in a pool that exists; None where there is none."""
    name = expected.name
    if found is None or found.get("state") == "DELETED":
        mend = "run `pulumi up` of the cluster's stack, or make it with this id"
        return Check("gcp-trust", Severity.ERROR, TRUST, f"there is no {name}, though its pool is there", mend)
    if wrong := next(_wrong(stack, expected, found), None):
        return Check("gcp-trust", Severity.ERROR, TRUST, f"{name} {wrong}", "correct it, or take another pool_id")
    if stack.trusted:
        return Check("gcp-trust", Severity.OK, TRUST, f"{name} takes tokens of {stack.issuer}")
    mend = "if the stack of the cluster has made it, ask with --trusted; else take another pool_id"
    found_twice = f"{name} exists: a GcpClusterTrust that makes its pool again is refused"
    return Check("gcp-trust", Severity.WARNING, TRUST, found_twice, mend)


def _wrong(stack: Stack, expected: WorkloadIdentityProvider, found: Answer) -> Iterator[str]:
    oidc = found.get("oidc") or {}
    if found.get("disabled"):
        yield "is disabled"
    if oidc.get("issuerUri") != stack.issuer:
        yield f"is of issuer {oidc.get('issuerUri')!r}, the cluster's tokens are of {stack.issuer!r}"
    audiences = oidc.get("allowedAudiences") or ()
    if audiences and not {expected.token_audience, expected.name}.intersection(audiences):
        yield f"accepts the audiences {sorted(audiences)}, and not {expected.token_audience} of the sidecar's tokens"
    for attribute, value in SUBJECT_MAPPING.items():
        mapped = (found.get("attributeMapping") or {}).get(attribute)
        if mapped != value:
            yield f"maps {attribute} to {mapped!r}, expected {value!r}"


def clusters(issuer: str, project_id: str, found: Answer) -> Check:
    """Judge which clusters of a project are in the pool of one of GKE's, besides that one itself."""
    pool_id = gcp_checks.gke_pool(project_id)
    names = (
        f"projects/{project_id}/locations/{each.get('location')}/clusters/{each.get('name')}"
        for each in found.get("clusters") or ()
        if (each.get("workloadIdentityConfig") or {}).get("workloadPool") == pool_id
    )
    if others := sorted(name for name in names if f"{gcp_checks.GKE}{name}" != issuer):
        same = f"{', '.join(others)} too: the same namespace and ServiceAccount there is the same identity"
        mend = "where both clusters have the namespace, set service_account_name to another in each"
        return Check("gcp-clusters", Severity.WARNING, CLUSTERS, f"{pool_id} is the pool of {same}", mend)
    if missing := found.get("missingZones"):
        reason = f"Google did not say which there are in {', '.join(map(str, missing))}"
        return Check("gcp-clusters", Severity.UNKNOWN, CLUSTERS, reason, "ask again later")
    return Check("gcp-clusters", Severity.OK, CLUSTERS, f"{pool_id} has no other of its project")


def wanted(stack: Stack) -> list[str]:
    """Return the permissions to ask about."""
    makes_pool = not stack.trusted and stack.issuer is not None and gke_project(stack.issuer) is None
    return [*(OF_POOLS if makes_pool else ()), *ON_SECRETS, *ON_PROJECT]


def rights(stack: Stack, granted: Collection[str]) -> Check:
    """Judge what the caller may do. Bindings are made on secrets, or with `grant: prefix` on the project."""
    lacking = [each for each in wanted(stack) if each not in granted and each not in (*ON_SECRETS, *ON_PROJECT)]
    ways = {"secrets": ON_SECRETS, "prefix": ON_PROJECT}
    open_ways = [grant for grant, needed in ways.items() if set(needed).issubset(granted)]
    if not open_ways:
        lacking += [each for each in ON_SECRETS if each not in granted]
    if lacking:
        mend = "have a role with it on the project; where you have it on single secrets alone, that is not seen here"
        return Check("gcp-rights", Severity.ERROR, RIGHTS, f"you lack {', '.join(lacking)} on the project", mend)
    return Check("gcp-rights", Severity.OK, RIGHTS, f"you may make bindings for `grant: {'` and `'.join(open_ways)}`")


def secrets(prefix: str, count: int) -> Check:
    """Judge whether there is anything to read under a prefix, as Secret Manager spells it."""
    what = f"secrets under {prefix}"
    if count:
        return Check("gcp-secrets", Severity.OK, what, f"{count} without a region")
    found = "there is none without a region: `up` ends where the stack declares one, and each read is refused"
    return Check("gcp-secrets", Severity.WARNING, what, found, "create them; those of a region are not looked for")
