"""Scopes of role assignments: what is part of them. Pure.

Sources: Azure RBAC, "Understand scope for Azure RBAC" (a role on a scope holds on all that is below it); AKS, "Use
Azure RBAC for Kubernetes authorization" (a namespace of a cluster is a scope).
"""

import re
from dataclasses import dataclass

from . import cluster_operations

_PART = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)"
    r"(?:/resourcegroups/(?P<group>[^/]+)(?:/providers/(?P<kind>[^/]+/[^/]+)/(?P<name>[^/]+)(?P<rest>/.*)?)?)?"
)
_ABOVE = re.compile(r"/?|/providers/microsoft\.management/managementgroups/[^/]+")
VAULTS = "microsoft.keyvault/vaults"
IDENTITIES = "microsoft.managedidentity/userassignedidentities"
CLUSTER = "microsoft.containerservice/managedclusters"
CLUSTERS = tuple(each.lower() for each in cluster_operations.CLUSTERS)
"""CLUSTER among them."""
MACHINES = ("microsoft.compute/virtualmachinescalesets", "microsoft.compute/virtualmachines")


@dataclass(frozen=True)
class Scope:
    """A scope, in lower case; what is None is not narrowed down."""

    subscription: str | None = None
    group: str | None = None
    kind: str | None = None
    """Of a resource, such as VAULTS."""
    name: str | None = None
    secret: str | None = None
    """One secret of a vault."""
    namespace: str | None = None
    """One namespace of a cluster."""

    def __str__(self) -> str:
        """As people say it."""
        if self.kind is None:
            part = f"the resource group {self.group}" if self.group else f"the subscription {self.subscription}"
            return part if self.group or self.subscription else "a management group"
        if self.namespace:
            return f"the namespace {self.namespace} of the cluster {self.name}"
        what = "vault" if self.kind == VAULTS else "resource"
        return f"the secret {self.secret} of the vault {self.name}" if self.secret else f"the {what} {self.name}"

    def may_hold(self, subscription: str | None, group: str | None, kind: str, name: str | None) -> bool:
        """Return whether a resource is part of the scope, as far as it is known where the resource is."""
        pairs = ((self.subscription, subscription), (self.group, group), (self.kind, kind), (self.name, name))
        return all(wanted is None or found is None or wanted == found for wanted, found in pairs)

    @property
    def is_wide(self) -> bool:
        """Whether resources that are in no document may be part of it."""
        return self.kind is None


def scope(text: str) -> Scope | None:
    """Return a scope by its id; None for what holds no secrets, such as a key."""
    lower = f"/{text.strip('/').lower()}"  # Azure takes it without its first slash, too
    if _ABOVE.fullmatch(lower):
        return Scope()
    found = _PART.fullmatch(lower)
    if found is None:
        return None
    rest, kind = found["rest"] or "", found["kind"]
    if rest and kind == VAULTS:
        # A version of a secret is no scope, and would be part of the secret's
        name = re.fullmatch(r"/secrets/([^/]+)(/.*)?", rest)
        return Scope(found["subscription"], found["group"], kind, found["name"], name[1]) if name else None
    namespace = re.fullmatch(r"/(?:managed)?namespaces/([^/]+)", rest) if kind in CLUSTERS else None
    return Scope(
        found["subscription"],
        found["group"],
        kind,
        found["name"],
        namespace=None if namespace is None else namespace[1],
    )
