"""Rights in the cluster by which others obtain a namespace's secrets."""

from collections.abc import Mapping
from typing import Any

from tests.infra.policy.cases.case import Case, Program, one

GROUP_RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
DEVELOPERS: dict[str, Any] = {"kind": "Group", "name": "team-a", "apiGroup": "rbac.authorization.k8s.io"}
CI: dict[str, Any] = {"kind": "ServiceAccount", "name": "deployer", "namespace": "ci"}
OWN: dict[str, Any] = {"kind": "ServiceAccount", "name": "app", "namespace": "shop"}


def bound(rule: Mapping[str, Any] | None, role: str, subject: Mapping[str, Any], *, cluster: bool = False) -> Program:
    """A role with one rule, or one of Kubernetes' own, and its binding."""
    scope = {} if cluster else {"namespace": "shop"}
    kind = "ClusterRole" if cluster or rule is None else "Role"
    binding = "ClusterRoleBinding" if cluster else "RoleBinding"
    own: Program = {}
    if rule is not None:
        own = {"role": (f"{GROUP_RBAC}:{kind}", {"metadata": {"name": role, **scope}, "rules": [rule]})}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    given = {"metadata": {"name": role, **scope}, "roleRef": reference, "subjects": [subject]}
    return {**own, "it": (f"{GROUP_RBAC}:{binding}", given)}


def core(resource: str, *verbs: str) -> dict[str, Any]:
    """A rule about a resource of the core group."""
    return {"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}


CLUSTER_RBAC = [
    *(
        Case(
            "rbac-across-namespaces",
            f"{verb} {resource} in every namespace",
            "it",
            f"ClusterRoleBinding cluster-{number} lets Group team-a {way}, in every namespace",
            bound(core(resource, verb), f"cluster-{number}", DEVELOPERS, cluster=True),
            bound(core("pods/log", "get"), f"cluster-{number}", DEVELOPERS, cluster=True),
        )
        for number, (resource, verb, way) in enumerate(
            (
                ("pods/exec", "create", "pods/exec"),
                ("pods", "create", "create pods"),
                ("serviceaccounts/token", "create", "create serviceaccounts/token"),
                ("secrets", "get", "read Secrets"),
                ("serviceaccounts", "impersonate", "impersonate serviceaccounts"),
            )
        )
    ),
    Case(
        "rbac-across-namespaces",
        "a limit to the empty name, which a request to create has",
        "it",
        "ClusterRoleBinding empty-name lets Group team-a create pods, in every namespace",
        bound({**core("pods", "create"), "resourceNames": [""]}, "empty-name", DEVELOPERS, cluster=True),
        bound({**core("pods", "create"), "resourceNames": ["app"]}, "empty-name", DEVELOPERS, cluster=True),
    ),
    Case(
        "rbac-across-namespaces",
        "a ServiceAccount of another namespace",
        "it",
        "RoleBinding foreign lets ServiceAccount ci/deployer create pods, in shop",
        bound(core("pods", "create"), "foreign", CI),
        bound(core("pods", "get"), "foreign", CI),
    ),
    Case(
        "rbac-across-namespaces",
        "a role of Kubernetes' own",
        "it",
        "RoleBinding edit lets ServiceAccount ci/deployer pods/exec, create pods, read Secrets, in shop",
        bound(None, "edit", CI),
        bound(None, "view", CI),
    ),
    Case(
        "rbac-across-namespaces",
        "a rule that is added to view",
        "it",
        "ClusterRole adds-to-view adds read Secrets to the role view",
        one(
            f"{GROUP_RBAC}:ClusterRole",
            metadata={"name": "adds-to-view", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
            rules=[core("secrets", "list")],
        ),
        one(
            f"{GROUP_RBAC}:ClusterRole",
            metadata={"name": "adds-to-view", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
            rules=[core("configmaps", "list")],
        ),
    ),
    Case(
        "rbac-in-namespace",
        "a team that may exec",
        "it",
        "RoleBinding inside lets Group team-a pods/exec, in shop",
        bound(core("pods/exec", "create"), "inside", DEVELOPERS),
        bound(core("pods/eviction", "create"), "inside", DEVELOPERS),
    ),
    Case(
        "rbac-in-namespace",
        "a ServiceAccount of the namespace, in a list",
        "it",
        "RoleBinding listed lets ServiceAccount shop/app everything, in shop",
        one(
            f"{GROUP_RBAC}:RoleBindingList",
            items=[
                {
                    "kind": "RoleBinding",
                    "metadata": {"name": "listed", "namespace": "shop"},
                    "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
                    "subjects": [OWN],
                }
            ],
        ),
        one(
            f"{GROUP_RBAC}:RoleBindingList",
            items=[
                {
                    "kind": "RoleBinding",
                    "metadata": {"name": "listed", "namespace": "shop"},
                    "roleRef": {"kind": "ClusterRole", "name": "view"},
                    "subjects": [OWN],
                }
            ],
        ),
    ),
]
