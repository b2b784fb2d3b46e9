"""The rules of a Role that leads to no identity and no secret. Pure.

None has a wildcard: `*` would hold `pods/exec`. Kubernetes' own role `view` is not used, because clusters add
rules to it by label (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles).
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

Rule = dict[str, list[str]]
GROUP = "rbac.authorization.k8s.io"
LOOK = ["get", "list", "watch"]
TEMPLATES = {"apps": ["deployments", "statefulsets"], "batch": ["cronjobs", "jobs"]}
"""What developers with the right `deploy` may write; a guard sees what is in each template."""


class DeveloperRight(StrEnum):
    """What developers may do besides looking."""

    RESTART = "restart"
    """Delete and evict pods, which their controllers then replace as they were."""
    SCALE = "scale"
    """Set the number of replicas."""
    DEPLOY = "deploy"
    """Create and change workloads that do not use the namespace's identity; needs a ServiceAccountGuard."""


def view() -> list[Rule]:
    """Return rules to look at workloads, logs and events: no Secret, and nothing that runs code or makes a token."""
    return [
        _rule(
            "",
            [
                "configmaps",
                "endpoints",
                "events",
                "limitranges",
                "persistentvolumeclaims",
                "pods",
                "pods/log",
                "pods/status",
                "resourcequotas",
                "serviceaccounts",
                "services",
            ],
            LOOK,
        ),
        _rule("apps", ["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"], LOOK),
        _rule("autoscaling", ["horizontalpodautoscalers"], LOOK),
        _rule("batch", ["cronjobs", "jobs"], LOOK),
        _rule("discovery.k8s.io", ["endpointslices"], LOOK),
        _rule("events.k8s.io", ["events"], LOOK),
        _rule("metrics.k8s.io", ["pods"], ["get", "list"]),
        _rule("networking.k8s.io", ["ingresses", "networkpolicies"], LOOK),
        _rule("policy", ["poddisruptionbudgets"], LOOK),
    ]


FURTHER = {
    DeveloperRight.RESTART: [("", ["pods"], ["delete"]), ("", ["pods/eviction"], ["create"])],
    DeveloperRight.SCALE: [("apps", ["deployments/scale", "statefulsets/scale"], ["get", "patch", "update"])],
    DeveloperRight.DEPLOY: [
        (group, resources, ["create", "delete", "patch", "update"]) for group, resources in TEMPLATES.items()
    ],
}


def rules(rights: Collection[DeveloperRight]) -> list[Rule]:
    """Return the rules of the Role."""
    return [*view(), *(_rule(*further) for right in DeveloperRight if right in rights for further in FURTHER[right])]


def subjects(users: Collection[str], groups: Collection[str]) -> list[dict[str, Any]]:
    """Return the subjects of the RoleBinding, named as the API server names them."""
    named = [("User", user) for user in users] + [("Group", group) for group in groups]
    return [{"kind": kind, "name": name, "apiGroup": GROUP} for kind, name in named]


def _rule(group: str, resources: list[str], verbs: list[str]) -> Rule:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}
