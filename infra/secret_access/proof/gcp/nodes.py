"""The service accounts that nodes run as, GKE's or one's own: pods get their tokens of the metadata server. Pure.

Sources: Compute Engine, "Authenticate workloads to Google Cloud APIs using service accounts"; GKE, "About Workload
Identity Federation for GKE" (with the GKE metadata server, only pods of the host's network reach the node's own),
"Access scopes in GKE" (a token has no more than the node's scopes).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..preview import UNKNOWN, Resource

CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"
MACHINES = (
    "gcp:compute/instance:Instance",
    "gcp:compute/instanceFromMachineImage:InstanceFromMachineImage",
    "gcp:compute/instanceFromTemplate:InstanceFromTemplate",
    "gcp:compute/instanceTemplate:InstanceTemplate",
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate",
)
_ALL_APIS = ("cloud-platform", "https://www.googleapis.com/auth/cloud-platform", UNKNOWN)


@dataclass(frozen=True)
class Nodes:
    """Nodes that run as a service account."""

    source: Resource
    key: str
    """The input that names the account."""
    account: str
    doubt: str
    """Which pods alone may get its tokens, if any; empty where all do."""


def nodes(resources: Sequence[Resource]) -> Iterator[Nodes]:
    """Yield the nodes that run as an account which is named, and the machines that may be nodes."""
    clusters = {each.urn: each for each in resources if each.type == CLUSTER}
    for each in resources:
        if each.type == NODE_POOL:
            named = each.text("cluster")
            of = [clusters[urn] for urn in each.depends_on.get("cluster", ()) if urn in clusters]
            of += [one for one in clusters.values() if named is not None and named in (one.text("name"), one.name)]
            yield from _of(each, "nodeConfig", each.inputs.get("nodeConfig"), of[0] if of else None)
        elif each.type == CLUSTER:
            yield from _of(each, "nodeConfig", each.inputs.get("nodeConfig"), each)
            yield from _of(each, "nodePools", each.inputs.get("nodePools"), each, "nodeConfig")
            scaling = each.inputs.get("clusterAutoscaling")
            yield from _of(each, "clusterAutoscaling", scaling, each, "autoProvisioningDefaults")
        elif each.type in MACHINES:
            given = each.inputs.get("serviceAccount")
            account = UNKNOWN if given == UNKNOWN else _account(_mapping(given), "email", "scopes")
            if account is not None:
                why = f"pods become it if {each.name} is a node of the cluster"
                yield Nodes(each, "serviceAccount", account, why)


def _of(source: Resource, key: str, given: object, cluster: Resource | None, inner: str = "") -> Iterator[Nodes]:
    """Yield the nodes of an input: of a configuration, or of what has one as `inner`, of which there may be several."""
    hidden = f"pods of the host's network on nodes of {source.name} become it"
    for one in given if isinstance(given, list) else [given]:
        config = _mapping(one).get(inner) if inner and one != UNKNOWN else one
        if config == UNKNOWN:
            yield Nodes(source, key, UNKNOWN, hidden)
        elif (account := _account(_mapping(config), "serviceAccount", "oauthScopes")) is not None:
            yield Nodes(source, key, account, hidden if _is_hidden(_mapping(config), cluster) else "")


def _account(config: Mapping[str, Any], key: str, scopes_key: str) -> str | None:
    """The account that is named, unless its tokens have no scope for secrets."""
    account, scopes = config.get(key), config.get(scopes_key)
    is_limited = isinstance(scopes, list) and bool(scopes) and not {*map(str, scopes)} & {*_ALL_APIS}
    return account if isinstance(account, str) and account != "default" and not is_limited else None


def _is_hidden(config: Mapping[str, Any], cluster: Resource | None) -> bool:
    """Whether the nodes have the GKE metadata server: by their own word, or as new ones of the cluster have it."""
    mode = _mapping(config.get("workloadMetadataConfig")).get("mode")
    if mode is not None:
        return bool(mode == "GKE_METADATA")
    if cluster is None:
        return False
    pool = _mapping(cluster.inputs.get("workloadIdentityConfig")).get("workloadPool")
    return bool(pool) or cluster.inputs.get("enableAutopilot") is True


def _mapping(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}
