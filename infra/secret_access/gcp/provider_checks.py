"""Checks of who exchanges a cluster's tokens: a pool's provider, its project, and what it expects of the tokens.

Pure functions: they return the value, or what it was taken apart into, and raise `InvalidArgument`.
Sources: IAM, REST reference of projects.locations.workloadIdentityPools; GKE, REST reference of clusters.
"""

import re

from ..checks import API_SERVER, invalid, match
from .checks import CLUSTER, EXAMPLE_CLUSTER, GKE, NUMBER, PROJECT, gke_pool, project_number
from .documents import IAM, IDENTITY_NAMESPACE, WorkloadIdentityProvider, mapped_subject

EXAMPLE_PROVIDER = f"{IAM}projects/123456789012/locations/global/workloadIdentityPools/blue/providers/cluster"
PROVIDER_FIX = "take it from the output workload_identity_provider of GcpClusterTrust"
SUBJECT_LIMIT = 127
"""Characters of `google.subject` (IAM, REST reference of workloadIdentityPools.providers, `attributeMapping`)."""

_POOL_ID = r"[a-z0-9-]{4,32}"
_MEMBERSHIP = rf"projects/(?:{PROJECT.pattern}|[0-9]+)/locations/[a-z0-9-]+/memberships/[a-z0-9-]+"
POOL_PROVIDER = re.compile(
    rf"{IAM}projects/([^/]+)/locations/global/workloadIdentityPools/({_POOL_ID})/providers/({_POOL_ID})"
)
GKE_PROVIDER = re.compile(
    rf"{IDENTITY_NAMESPACE}([a-z0-9.:-]+\.svc\.id\.goog):"
    rf"(https://container\.googleapis\.com/v1/{CLUSTER.pattern}|https://gkehub\.googleapis\.com/{_MEMBERSHIP})"
)
AUDIENCE = re.compile(r"[!-~]{1,256}")


def workload_identity_provider(given: object) -> WorkloadIdentityProvider:
    """Return who exchanges the cluster's tokens; a pool, an issuer, a host, a `*` or nothing at all are refused."""
    text = given if isinstance(given, str) else ""
    if found := GKE_PROVIDER.fullmatch(text):
        return WorkloadIdentityProvider(found[1], found[2], "")
    if (found := POOL_PROVIDER.fullmatch(text)) and NUMBER.fullmatch(found[1]):
        return WorkloadIdentityProvider(found[2], found[3], found[1])
    what, fix = _what_it_is(text)
    expected = (
        f"the name of a pool's provider, such as {EXAMPLE_PROVIDER}, or on GKE "
        f"{IDENTITY_NAMESPACE}my-project.svc.id.goog:{GKE}{EXAMPLE_CLUSTER}"
    )
    raise invalid(f"workload_identity_provider {what}", given, expected, fix)


def _what_it_is(text: str) -> tuple[str, str]:
    """Return what was given in place of a provider's name, and the fix."""
    return next(
        found
        for is_it, found in (
            (not text, ("is missing, so no token of the cluster is trusted", PROVIDER_FIX)),
            ("*" in text, ("holds a *, which would trust other clusters", PROVIDER_FIX)),
            (text.startswith(f"https:{IAM}"), ("is the audience of tokens", f"write {text.removeprefix('https:')}")),
            (text.startswith("projects/"), ("is a resource name", f"write {IAM}{text}")),
            (POOL_PROVIDER.fullmatch(text), ("names the project by its id", "write the project's number")),
            (
                text.startswith(IAM) and "/providers/" not in text,
                ("is a pool", "add /providers/PROVIDER"),
            ),
            (
                text.endswith(".svc.id.goog"),
                ("is GKE's pool", PROVIDER_FIX),
            ),
            (text.startswith("https://"), ("is an issuer", PROVIDER_FIX)),
            (True, ("has another form", PROVIDER_FIX)),
        )
        if is_it
    )


def pool_project(provider: WorkloadIdentityProvider, given: object, project_id: str, number: str) -> str:
    """Return the number of the pool's project.

    The provider's name has it, but for GKE's pool: that is of the secrets' project unless it says otherwise.
    """
    if not provider.is_gke:
        if given is not None and given != provider.pool_project:
            raise invalid(
                "pool_project_number is not the number in workload_identity_provider",
                given,
                provider.pool_project,
                "leave it out: only GKE's pool does not name it",
            )
        return provider.pool_project
    if given is not None:
        return project_number(given, "pool_project_number")
    if provider.pool_id != gke_pool(project_id):
        raise invalid(
            "pool_project_number is missing, and GKE's pool is of another project than the secrets",
            given,
            f"the number of the project {provider.pool_id.removesuffix('.svc.id.goog')}",
            "add it",
        )
    return number


def subject_length(provider: WorkloadIdentityProvider, namespace: str, service_account: str) -> str:
    """Return `google.subject`, of which a pool takes 127 characters."""
    found = mapped_subject(provider, namespace, service_account)
    if len(found) > SUBJECT_LIMIT:
        raise invalid(
            f"the subject of the ServiceAccount's tokens has {len(found)} characters",
            found,
            f"at most {SUBJECT_LIMIT}, as a workload identity pool takes them",
            "set service_account_name to a shorter one",
        )
    return found


def token_audience(given: object) -> str:
    """Return the audience that a provider was told to expect."""
    what, expected, fix = "token_audience", "an audience such as secrets.example", "leave it out for Google's own"
    text = given if isinstance(given, str) else ""
    if API_SERVER.fullmatch(text):
        what = "token_audience is the API server's: anyone who gets a pod's token could use it there"
    elif "*" in text:
        what = "token_audience holds a *, and Google compares it as text"
    else:
        return match(AUDIENCE, what, given, expected, fix)
    raise invalid(what, given, expected, fix)


def audience_of(provider: WorkloadIdentityProvider, given: object) -> str:
    """Return the audience of tokens for a provider: its own, unless it was told to expect another.

    GKE's pool cannot be told. Source: Google's provider for the Secrets Store CSI driver, "Fleet Workload Identity
    Authentication", whose tokens have the pool as their audience.
    """
    if given is None:
        return provider.token_audience
    audience = token_audience(given)
    if provider.is_gke and audience != provider.token_audience:
        raise invalid(
            "token_audience is not GKE's pool, which refuses tokens of any other",
            audience,
            provider.token_audience,
            "leave it out: only a provider of your own can be told to expect another",
        )
    return audience
