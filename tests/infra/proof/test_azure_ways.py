"""Ways to another namespace's secret on Azure beside its own role: a breach, or said to be undecided."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import keyvault

from secret_access import AzureSecretAccess, require_isolation
from secret_access.azure.documents import vault_properties
from secret_access.proof.azure import assignments, documents, nodes, roles, stack
from secret_access.proof.azure.stack import evaluate
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.azure.component import azure_args
from tests.infra.engine import World, run

from .azure_documents import (
    GROUP,
    OWNER,
    SHARED,
    assigned,
    credential,
    custom,
    identity,
    made,
    vault,
    with_own_vaults,
    with_shared_vault,
)
from .ways import Breach, Undecided, expect_breach, expect_undecided, is_found

PROPERTIES: Any = vault_properties("11111111-1111-1111-1111-111111111111", purge_protection=True, recover=False)
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/blue"
MACHINES = f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/nodes"
KUBELET = made(documents.IDENTITY, "kubelet", None, resourceName="kubelet", resourceGroupName="secrets")
VMSS, CONTRIBUTOR = nodes.MACHINES[0], "b24988ac-6180-42a0-ab88-20f7382dd24c"
NETWORK, MACHINE_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"
RUN = {"actions": ["Microsoft.Compute/virtualMachines/runCommand/action"]}


def cluster(resource_id: str) -> Resource:
    """A cluster whose nodes run as an identity."""
    sources = {"identityProfile": (KUBELET.urn,)} if resource_id == UNKNOWN else {}
    return made(
        documents.CLUSTER, "blue", None, sources, identityProfile={"kubeletidentity": {"resourceId": resource_id}}
    )


def machines(resource_id: str) -> Resource:
    return made(VMSS, "nodes", None, identity={"userAssignedIdentities": [resource_id]})


def of_nodes(scope: str) -> Resource:
    given = assigned("kubelet", scope)
    return Resource(given.urn, given.type, given.inputs, {"principalId": (KUBELET.urn,)})


def in_its_vault(namespace: str, name: str = "db") -> list[Resource]:
    """What the component makes for a namespace in a vault of the same program, in a first preview."""
    given = assigned(namespace, vault("shared"), of=namespace)
    called = f"{given.urn.rpartition('::')[0]}::{namespace}-role/{name}"
    right = Resource(called, given.type, given.inputs, given.depends_on, given.parent)
    return [identity(namespace), credential(namespace), right]


def on_a_secret_of_the_program(namespace: str, name: str) -> list[Resource]:
    """A role on a secret that the program makes."""
    kept = made(documents.SECRET, name, None, vaultName="shared-1a2b3c4d", secretName=name, resourceGroupName="secrets")
    return [identity(namespace), credential(namespace), kept, assigned(namespace, kept, name="role")]


IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
BREACHES: dict[str, Breach] = {
    "the identity of a cluster's nodes": (
        lambda: [*with_shared_vault("test", "prod"), KUBELET, cluster(f"{IDENTITIES}/kubelet"), of_nodes(SHARED)],
        ("test", "prod"),
        "nodes of the cluster blue, whose metadata service every pod reaches",
    ),
    "the identity of a cluster's nodes in the same program": (
        lambda: [*with_shared_vault("test", "prod"), KUBELET, cluster(UNKNOWN), of_nodes(SHARED)],
        ("test", "prod"),
        "nodes of the cluster blue",
    ),
    "another namespace's identity on the nodes": (
        lambda: [*with_own_vaults("test", "prod"), cluster(f"{IDENTITIES}/prod-identity")],
        ("test", "prod"),
        "nodes of the cluster blue",
    ),
    "a pod identity of another's namespace": (
        lambda: [
            *with_own_vaults("test", "prod"),
            made(
                documents.CLUSTER,
                "blue",
                None,
                podIdentityProfile={
                    "userAssignedIdentities": [
                        {"namespace": "test", "identity": {"resourceId": f"{IDENTITIES}/prod-identity"}}
                    ]
                },
            ),
        ],
        ("test", "prod"),
        "pod identity of the cluster blue in the namespace test",
    ),
    "a scope without its first slash": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", GROUP.removeprefix("/"))],
        ("test", "prod"),
        "on the resource group secrets",
    ),
    "commands in the cluster": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", CLUSTER, CONTRIBUTOR)],
        ("test", "prod"),
        "role assignment test-more of Contributor on the resource blue",
    ),
    "pods in the cluster": (
        lambda: [
            *with_own_vaults("test", "prod"),
            *custom("test", CLUSTER, {"dataActions": ["Microsoft.ContainerService/managedClusters/pods/write"]}),
        ],
        ("test", "prod"),
        "(Microsoft.ContainerService/managedClusters/pods/write)",
    ),
    "a cluster of the same program": (
        lambda: [
            *with_own_vaults("test", "prod"),
            (made_cluster := cluster(f"{IDENTITIES}/other")),
            assigned("test", made_cluster, OWNER),
        ],
        ("test", "prod"),
        "of Owner on the resource blue",
    ),
    "deployments that it lets read": (
        lambda: [
            *with_shared_vault("test", "prod"),
            vault("shared"),
            *custom(
                "test",
                f"{SHARED}-1a2b3c4d",
                {"actions": ["Microsoft.KeyVault/vaults/write", "Microsoft.KeyVault/vaults/deploy/action"]},
            ),
        ],
        ("test", None),
        "(Microsoft.KeyVault/vaults/deploy/action)",
    ),
    "a deleted value brought back": (
        lambda: [
            *with_shared_vault("test", "prod"),
            *custom("test", SHARED, {"dataActions": ["Microsoft.KeyVault/vaults/secrets/recover/action"]}),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/secrets/recover/action)",
    ),
    "a role on the cluster by a wildcard": (
        lambda: [*with_own_vaults("test", "prod"), *custom("test", CLUSTER, {"actions": ["*/runCommand/action"]})],
        ("test", "prod"),
        "runCommand/action",
    ),
    "another's secret in a vault of the program": (
        lambda: [vault("shared"), *on_a_secret_of_the_program("test", "prod--db"), *in_its_vault("prod")],
        ("test", "prod"),
        "on the secret prod--db of the vault shared-1a2b3c4d",
    ),
    "an exact name in a vault of the program": (
        lambda: [
            vault("shared"),
            *in_its_vault("test", "exact:prod--db"),
            *in_its_vault("prod"),
        ],
        ("test", "prod"),
        "on the secret prod--db of the vault shared-1a2b3c4d",
    ),
}

UNDECIDED: dict[str, Undecided] = {
    "an identity of machines": (
        lambda: [*with_own_vaults("test", "prod"), machines(f"{IDENTITIES}/prod-identity")],
        "identity prod-identity may use secrets, and it is on nodes: whether pods run there",
    ),
    "commands on machines": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", MACHINES, MACHINE_CONTRIBUTOR)],
        "may run commands as any pod: whether pods run there is not known",
    ),
    "commands on machines of a resource group": (
        lambda: [*with_own_vaults("test", "prod"), *custom("test", GROUP, RUN)],
        "may run commands as any pod",
    ),
    "a nested name in a vault of the program": (
        lambda: [vault("shared"), *in_its_vault("test", "a/b")],
        "is on a secret of the vault shared-1a2b3c4d, or on all of it",
    ),
    "a vault of the program without the component": (
        lambda: [vault("shared"), identity("test"), credential("test"), assigned("test", vault("shared"))],
        "is on a secret of the vault shared-1a2b3c4d, or on all of it",
    ),
}

HARMLESS: dict[str, Callable[[], list[Resource]]] = {
    "nodes that pull images": lambda: [
        *with_own_vaults("test", "prod"),
        KUBELET,
        cluster(f"{IDENTITIES}/kubelet"),
        of_nodes(f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/a"),
    ],
    "machines without secrets": lambda: [*with_own_vaults("test", "prod"), KUBELET, machines(f"{IDENTITIES}/kubelet")],
    "networks of a resource group": lambda: [*with_own_vaults("test", "prod"), assigned("test", GROUP, NETWORK)],
    "a cluster's own right to its machines": lambda: [
        *with_own_vaults("test", "prod"),
        KUBELET,
        Resource(
            (given := assigned("kubelet", MACHINES, MACHINE_CONTRIBUTOR)).urn,
            given.type,
            given.inputs,
            {"principalId": (KUBELET.urn,)},
        ),
    ],
    "a vault of the same program": lambda: [
        vault("shared"),
        *in_its_vault("test"),
        *in_its_vault("prod"),
    ],
    "secrets of the same program": lambda: [
        vault("shared"),
        *on_a_secret_of_the_program("test", "test--db"),
        *on_a_secret_of_the_program("prod", "prod--db"),
    ],
}


@pytest.mark.parametrize("way", BREACHES)
def test_another_way_to_a_secret_is_found(way: str) -> None:
    expect_breach(evaluate, BREACHES[way])


@pytest.mark.parametrize("way", UNDECIDED)
def test_what_the_documents_do_not_tell_is_undecided(way: str) -> None:
    expect_undecided(evaluate, UNDECIDED[way])


@pytest.mark.parametrize("way", HARMLESS)
def test_an_ordinary_stack_raises_nothing(way: str) -> None:
    verdict = evaluate(HARMLESS[way](), {})
    assert (verdict.breaches, verdict.undecided) == ((), ())


@pytest.mark.parametrize("is_preview", [True, False], ids=["first preview", "update"])
def test_the_components_in_a_vault_of_the_same_program_are_isolated(
    is_preview: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose id is known only after the update: their own program says so, undecided about nothing."""
    said: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, said.append)

    def program() -> None:
        require_isolation()
        shared = keyvault.Vault("a", vault_name="shared", resource_group_name="secrets", properties=PROPERTIES)
        for name in ("test", "prod"):
            given = {"namespace": name, "vault_id": shared.id, "secrets": ["db", "payment"]}
            AzureSecretAccess(name, azure_args(**given))

    run(program, World(preview=is_preview))
    (line,) = said
    assert line.startswith("isolated: 2 namespaces x 2 prefixes on azure")


def test_a_vault_of_the_same_program_is_judged_by_the_prefix_that_is_known() -> None:
    """The component names its children by what is behind the prefix."""
    resources = [vault("shared"), *in_its_vault("test")]
    verdict = evaluate(resources, {"test": "team-a/"})
    assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())


DEFECTS: dict[str, tuple[Any, str, Any, dict[str, Any], str]] = {
    "no nodes": (stack, "add_nodes", lambda _: None, BREACHES, "the identity of a cluster's nodes"),
    "no machines": (nodes, "MACHINES", (), UNDECIDED, "an identity of machines"),
    "commands that become nobody": (assignments, "_add_hosted", lambda *_: None, BREACHES, "commands in the cluster"),
    "machines on which nobody runs": (assignments, "MACHINES", (), UNDECIDED, "commands on machines"),
    "deployments that nobody opens": (roles, "_VAULT_WRITE", "", BREACHES, "deployments that it lets read"),
    "secrets of the program on no vault": (
        documents,
        "_made_secrets",
        lambda *_: iter(()),
        BREACHES,
        "another's secret in a vault of the program",
    ),
    "components that say no secret": (
        documents,
        "_components_secret",
        lambda *_: None,
        BREACHES,
        "an exact name in a vault of the program",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is not with the defect."""
    owner, name, value, table, way = DEFECTS[defect]
    stack_of, expected = table[way][:2]
    resources = stack_of()
    assert is_found(evaluate, resources, expected)
    monkeypatch.setattr(owner, name, value)
    assert not is_found(evaluate, resources, expected)
