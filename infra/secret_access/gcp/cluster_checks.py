"""Checks of what is said of a cluster: its issuer, its keys, and the pool that it has or gets.

Pure functions: they return the value, or what it was taken apart into, and raise `InvalidArgument`.
Sources: IAM, REST reference of projects.locations.workloadIdentityPools; GKE, REST reference of clusters.
"""

import json
import re
from collections.abc import Sequence

from .. import aks_issuers
from ..checks import invalid, match
from .checks import CLUSTER, EXAMPLE_CLUSTER, GKE, gke_pool
from .documents import WorkloadIdentityProvider

ISSUER = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~:@%+/-]*)?")
POOL = re.compile(r"(?!gcp-)[a-z0-9-]{4,32}")
PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
"""Fields that a JSON Web Key has only if it is private (RFC 7518, section 6)."""


def issuer(given: object) -> str:
    """Return an issuer's URL as tokens spell it in `iss`: Google compares them as texts."""
    text = given if isinstance(given, str) else ""
    if ISSUER.fullmatch(text):
        return aks_issuers.with_slash(text)
    what, fix = "issuer is not a URL", "take the issuer of /.well-known/openid-configuration of the cluster"
    if not text:
        what = "issuer is missing"
    elif text.startswith("http://"):
        what, fix = "issuer is plain http", "use the https address that the tokens carry in iss"
    elif "://" not in text:
        what, fix = "issuer is a host", f"write https://{text}"
    raise invalid(what, given, "a URL such as https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539", fix)


def gke_cluster(given: object, project_id: str) -> WorkloadIdentityProvider:
    """Return GKE's provider for one of the project's clusters."""
    text = given if isinstance(given, str) else ""
    found = CLUSTER.fullmatch(text)
    if found is None:
        fix = f"write {text.removeprefix(GKE)}" if text.startswith(GKE) else "take the id of a gcp.container.Cluster"
        raise invalid("gke_cluster", given, f"a cluster's full name such as {EXAMPLE_CLUSTER}", fix)
    if found[1] != project_id:
        raise invalid("gke_cluster is of another project", given, f"a cluster of {project_id}", "correct project")
    return WorkloadIdentityProvider(gke_pool(project_id), f"{GKE}{text}", "")


def one_cluster(given: Sequence[str]) -> None:
    """Refuse an issuer's pool beside GKE's, and neither."""
    if len(given) != 1:
        expected, fix = "issuer, or gke_cluster to use GKE's pool", "remove one" if given else "add one"
        raise invalid("both clusters are named" if given else "no cluster is named", list(given), expected, fix)


def pool_id(given: object) -> str:
    """Return the id of a pool to create."""
    what, fix = "pool_id", "name it after the cluster: each has a pool of its own"
    if given is None:
        what = "pool_id is missing"
    elif isinstance(given, str) and given.startswith("gcp-"):
        what, fix = "pool_id begins with gcp-, which Google keeps for itself", "use another"
    return match(POOL, what, given, "4 to 32 lowercase letters, digits and -, such as blue-cluster", fix)


def no_pool(argument: str, given: object) -> None:
    """Refuse what is of a pool to create beside a cluster of GKE, whose pool is there already."""
    if given is not None:
        raise invalid(
            f"{argument} beside gke_cluster", "a value", f"no {argument}: GKE's pool is there", "leave it out"
        )


def jwks_json(given: object) -> str | None:
    """Return the issuer's public keys (RFC 7517); a private one would be in Pulumi's state."""
    if given is None:
        return None
    expected, fix = 'a JSON object such as {"keys": […]}', "take `kubectl get --raw /openid/v1/jwks`"
    try:
        keys = json.loads(given)["keys"] if isinstance(given, str) else None
    except (ValueError, KeyError, TypeError):
        keys = None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise invalid("jwks_json", "a value that is no key set", expected, fix)
    if any(PRIVATE_PARTS & set(key) for key in keys):
        raise invalid("jwks_json holds a private key", "a value that is not shown", "public keys alone", fix)
    return str(given)


def of_project(provider: str, number: str) -> str:
    """Return the name of a provider that was made, which has the project's number; raises InvalidArgument."""
    made_in = provider.split("/")[1]
    if made_in != number:
        raise invalid("project_number is not that of project", number, made_in, "correct it")
    return provider
