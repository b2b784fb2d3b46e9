"""The service accounts that GKE's nodes run as: pods get their tokens of the metadata server. Pure.

Sources: GKE, "About Workload Identity Federation for GKE" (with the GKE metadata server, only pods of the host's
network reach the node's own), "Access scopes in GKE" (a token has no more than the node's scopes).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..preview import UNKNOWN, Resource

CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"
_ALL_APIS = ("cloud-platform", "https://www.googleapis.com/auth/cloud-platform", UNKNOWN)


@dataclass(frozen=True)
class Nodes:
    """Nodes that run as a service account."""

    source: Resource
    key: str
    """The input that names the account."""
    account: str
    is_hidden: bool
    """Whether only pods of the host's network get its tokens."""


def nodes(resources: Sequence[Resource]) -> Iterator[Nodes]:
    """Yield the nodes that run as an account which is named."""
    clusters = {each.urn: each for each in resources if each.type == CLUSTER}
    for each in resources:
        if each.type == NODE_POOL:
            named = each.text("cluster")
            of = [clusters[urn] for urn in each.depends_on.get("cluster", ()) if urn in clusters]
            of += [one for one in clusters.values() if named is not None and named in (one.text("name"), one.name)]
            yield from _of(each, "nodeConfig", _mapping(each.inputs.get("nodeConfig")), of[0] if of else None)
        elif each.type == CLUSTER:
            yield from _of(each, "nodeConfig", _mapping(each.inputs.get("nodeConfig")), each)
            defaults = _mapping(_mapping(each.inputs.get("clusterAutoscaling")).get("autoProvisioningDefaults"))
            yield from _of(each, "clusterAutoscaling", defaults, each)


def _of(source: Resource, key: str, config: Mapping[str, Any], cluster: Resource | None) -> Iterator[Nodes]:
    if source.inputs.get(key) == UNKNOWN:
        yield Nodes(source, key, UNKNOWN, is_hidden=True)
    account, scopes = config.get("serviceAccount"), config.get("oauthScopes")
    is_limited = isinstance(scopes, list) and bool(scopes) and not {*map(str, scopes)} & {*_ALL_APIS}
    if isinstance(account, str) and account != "default" and not is_limited:
        yield Nodes(source, key, account, _is_hidden(config, cluster))


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
