"""Rights in a cluster by Azure: whoever makes pods of a namespace has its secrets."""

from collections.abc import Callable

import pytest

from secret_access.proof.azure.stack import evaluate
from secret_access.proof.preview import Resource
from tests.infra.proof.azure_documents import (
    GROUP,
    OWNER,
    assigned,
    breaches,
    custom,
    with_own_vaults,
    with_shared_vault,
)

AKS = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/blue"
ARC = f"{GROUP}/providers/Microsoft.Kubernetes/connectedClusters/blue"
FLEET = f"{GROUP}/providers/Microsoft.ContainerService/fleets/blue"
KINDS = {
    AKS: "Microsoft.ContainerService/managedClusters",
    ARC: "Microsoft.Kubernetes/connectedClusters",
    FLEET: "Microsoft.ContainerService/fleets",
}
RBAC = "rbac.authorization.k8s.io"
BECOMES_PODS = [
    "pods/write",
    "pods/exec/action",
    "secrets/read",
    "apps/deployments/write",
    "apps/daemonsets/write",
    "apps/statefulsets/write",
    "apps/replicasets/write",
    "batch/jobs/write",
    "batch/cronjobs/write",
    "extensions/deployments/write",
    "replicationcontrollers/write",
    "serviceaccounts/write",
    f"{RBAC}/clusterrolebindings/write",
    f"{RBAC}/rolebindings/write",
    f"{RBAC}/clusterroles/escalate/action",
    "users/impersonate/action",
    "groups/impersonate/action",
    "serviceaccounts/impersonate/action",
    "admissionregistration.k8s.io/mutatingwebhookconfigurations/write",
]
WRITERS = {
    "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb": "Azure Kubernetes Service RBAC Writer",
    "3498e952-d568-435e-9b2c-8d77e338d7f7": "Azure Kubernetes Service RBAC Admin",
    "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": "Azure Kubernetes Service RBAC Cluster Admin",
    "5b999177-9696-4545-85c7-50de3797e5a1": "Azure Arc Kubernetes Writer",
    "dffb1e0c-446f-4dde-a09f-99eb5cc68b96": "Azure Arc Kubernetes Admin",
    "8393591c-06b9-48a2-a542-1bd6b377f6a2": "Azure Arc Kubernetes Cluster Admin",
}
READERS = {
    "7f6c6a51-bcf8-42ba-9220-52d62157d7db": AKS,
    "63f0a09d-1495-4db4-a681-037d84835eb4": ARC,
}


@pytest.mark.parametrize("cluster", KINDS)
@pytest.mark.parametrize("operation", BECOMES_PODS)
def test_a_right_that_makes_pods_or_becomes_them_is_one_to_their_secrets(operation: str, cluster: str) -> None:
    held = f"{KINDS[cluster]}/{operation}"
    found = breaches([*with_own_vaults("test", "prod"), *custom("test", cluster, {"dataActions": [held]})])
    assert f"({held})" in " ".join(found["test", "prod"].statements)


@pytest.mark.parametrize(
    "operation",
    [
        "Microsoft.ContainerService/managedClusters/runCommand/action",
        "Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action",
        "Microsoft.ContainerService/managedClusters/trustedAccessRoleBindings/write",
        "Microsoft.KubernetesConfiguration/fluxConfigurations/write",
        "Microsoft.KubernetesConfiguration/extensions/write",
    ],
)
def test_a_right_of_the_control_plane_that_deploys_is_one_to_the_pods_secrets(operation: str) -> None:
    given = [*with_own_vaults("test", "prod"), *custom("test", AKS, {"actions": [operation]})]
    assert f"({operation})" in " ".join(breaches(given)["test", "prod"].statements)


@pytest.mark.parametrize(
    "operation", ["pods/read", "apps/deployments/read", "configmaps/write", "services/write", "events/write"]
)
def test_a_right_that_makes_no_pods_is_none_to_secrets(operation: str) -> None:
    role = custom("test", AKS, {"dataActions": [f"Microsoft.ContainerService/managedClusters/{operation}"]})
    verdict = evaluate([*with_own_vaults("test", "prod"), *role], {})
    assert (verdict.breaches, verdict.undecided) == ((), ())


@pytest.mark.parametrize("role", WRITERS)
def test_the_built_in_roles_that_make_pods_are_known(role: str) -> None:
    """On the cluster a breach; on a resource group nobody knows whether pods run there."""
    cluster = ARC if "Arc" in WRITERS[role] else AKS
    found = breaches([*with_own_vaults("test", "prod"), assigned("test", cluster, role)])
    assert f"of {WRITERS[role]} on the resource blue" in " ".join(found["test", "prod"].statements)
    verdict = evaluate([*with_own_vaults("test", "prod"), assigned("test", GROUP, role)], {})
    assert not verdict.breaches
    assert "may run commands as any pod" in " ".join(verdict.undecided)


@pytest.mark.parametrize("role", READERS)
def test_the_built_in_roles_that_read_all_but_secrets_are_harmless(role: str) -> None:
    for where in (READERS[role], GROUP):
        verdict = evaluate([*with_own_vaults("test", "prod"), assigned("test", where, role)], {})
        assert (verdict.breaches, verdict.undecided) == ((), ())


@pytest.mark.parametrize("stack", [with_own_vaults, with_shared_vault])
@pytest.mark.parametrize("below", ["namespaces", "managedNamespaces"])
@pytest.mark.parametrize("role", ["a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb", OWNER])
def test_a_right_in_one_namespace_of_a_cluster_is_one_to_its_secrets_alone(
    stack: Callable[..., list[Resource]], below: str, role: str
) -> None:
    """Its own is no breach, another's is one."""
    own = evaluate([*stack("test", "prod", "shop"), assigned("test", f"{AKS}/{below}/test", role)], {})
    assert (own.breaches, own.undecided) == ((), ())
    found = breaches([*stack("test", "prod", "shop"), assigned("test", f"{AKS}/{below}/prod", role)])
    assert list(found) == [("test", "prod")]
    assert "on the namespace prod of the cluster blue" in " ".join(found["test", "prod"].statements)


def test_a_namespace_of_a_cluster_has_the_prefix_that_is_known() -> None:
    given = [*with_shared_vault("test", "prod"), assigned("test", f"{AKS}/namespaces/prod", OWNER)]
    found = [each for each in evaluate(given, {"prod": "team-a/"}).breaches if each.namespace == "test"]
    assert {each.owner for each in found} == {"prod"}
    assert all(each.name.startswith("team-a/") for each in found)


def test_what_is_below_a_cluster_and_no_namespace_counts_as_the_cluster() -> None:
    given = [*with_own_vaults("test", "prod"), assigned("test", f"{AKS}/agentPools/one", OWNER)]
    assert ("test", "prod") in breaches(given)
