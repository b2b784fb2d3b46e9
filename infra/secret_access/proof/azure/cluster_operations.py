"""What makes pods of a cluster, or gives the right to, with Azure RBAC for Kubernetes. Pure.

Sources: Azure RBAC, "Azure permissions for Containers" and "for Hybrid + multicloud"; the authorizer of AKS and Arc
(github.com/kubeguard/guard, authz/providers/azure/rbac: subresources count as what they belong to, so a token of a
ServiceAccount, or `kubectl attach`, is a write).
"""

CLUSTERS = (
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerService/fleets",
    "Microsoft.Kubernetes/connectedClusters",
)
"""AKS, the hub of a fleet, and Arc."""
_WRITTEN = (
    "pods",
    "apps/daemonsets",
    "apps/deployments",
    "apps/replicasets",
    "apps/statefulsets",
    "batch/cronjobs",
    "batch/jobs",
    "extensions/daemonsets",
    "extensions/deployments",
    "extensions/replicasets",
    "replicationcontrollers",
    "serviceaccounts",
    "admissionregistration.k8s.io/mutatingwebhookconfigurations",
    "rbac.authorization.k8s.io/clusterrolebindings",
    "rbac.authorization.k8s.io/rolebindings",
)
_ROLES = ("rbac.authorization.k8s.io/clusterroles", "rbac.authorization.k8s.io/roles")
_IMPERSONATED = ("groups", "serviceaccounts", "users")
_IN_CLUSTERS = (
    *(f"{each}/write" for each in _WRITTEN),
    "pods/exec/action",
    "secrets/read",
    *(f"{each}/escalate/action" for each in _ROLES),
    *(f"{each}/impersonate/action" for each in _IMPERSONATED),
)
DATA_OPERATIONS = tuple(f"{cluster}/{each}" for cluster in CLUSTERS for each in _IN_CLUSTERS)
"""In the cluster's own API."""
OPERATIONS = (
    *(
        f"{CLUSTERS[0]}/{each}"
        for each in (
            "accessProfiles/listCredential/action",
            "identityBindings/write",
            "listClusterAdminCredential/action",
            "listClusterUserCredential/action",
            "runCommand/action",
            "trustedAccessRoleBindings/write",
            "write",
        )
    ),
    f"{CLUSTERS[1]}/listCredentials/action",
    f"{CLUSTERS[2]}/listClusterUserCredential/action",
    "Microsoft.KubernetesConfiguration/extensions/write",
    "Microsoft.KubernetesConfiguration/fluxConfigurations/write",
)
"""Of the control plane: credentials of the cluster, commands in it, and what deploys into it."""
