"""Which rules of RBAC allow which requests, exactly as Kubernetes' authorizer decides. Pure.

https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/apis/rbac/v1/evaluation_helpers.go
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource."""

    verb: str
    group: str
    """The API group; empty for core."""
    resource: str
    """With its subresource, if any, such as `pods/exec`."""

    def __str__(self) -> str:
        """Return it as `kubectl auth can-i` takes it, such as `create deployments.apps`."""
        resource, separator, subresource = self.resource.partition("/")
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {resource}{group}{separator}{subresource}"


Names = frozenset[str] | None
"""The names of objects that a rule is limited to; None for all, with those that requests have no name for."""


def allows(rule: Mapping[str, Any], right: Right) -> bool:
    """Tell whether a rule allows a right, for some names at least.

    `pods/*` allows nothing but a subresource called `*`; `*/exec` allows every resource's `exec`.
    """
    if not {"*", right.verb}.intersection(rule.get("verbs") or ()):
        return False
    if not {"*", right.group}.intersection(rule.get("apiGroups") or ()):
        return False
    _, separator, subresource = right.resource.partition("/")
    matching = {"*", right.resource} | ({f"*/{subresource}"} if separator else set())
    return not matching.isdisjoint(rule.get("resources") or ())


def names(rule: Mapping[str, Any]) -> Names:
    """Return the names that a rule is limited to."""
    given = rule.get("resourceNames") or ()
    return frozenset(given) if given else None
