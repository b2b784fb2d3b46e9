"""A mistake is found in kinds that hold it in a form of their own."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.policy.cases.case import Of, Program, one, resources
from tests.infra.policy.cases.cloud_resources import GROUP, JWT_ROLE, POOL, SECRETS_USER, SUBJECT, arns, reading
from tests.infra.policy.cases.further_policies import assigned
from tests.infra.policy.cases.pods import APP, IN_PODS, MOUNTS, SHARED_MODE, TOKEN, pod
from tests.infra.policy.cases.rbac import CI, DEVELOPERS, GROUP_RBAC, core
from tests.infra.policy.found import RUNTIME_ONLY, found_by

OTHER_LABEL = {"example/part-of": "team"}
ADDED = {"metadata": {"name": "part", "labels": OTHER_LABEL}, "rules": [core("secrets", "list")]}
SUM = {
    "metadata": {"name": "sum"},
    "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": OTHER_LABEL}]},
    "rules": [],
}
OF_CLUSTER = "kubernetes:external-secrets.io/v1:ClusterExternalSecret"
BINDING = {
    "metadata": {"name": "sum"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "sum"},
    "subjects": [DEVELOPERS],
}
CLASSIC_CREDENTIAL = "azure:armmsi/federatedIdentityCredential:FederatedIdentityCredential"
FLEXIBLE = "azuread:index/applicationFlexibleFederatedIdentityCredential:ApplicationFlexibleFederatedIdentityCredential"
WHOLE_POOL = POOL.replace("principal:", "principalSet:") + "/*"
SELECTORS: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [
    ({}, {"matchLabels": {"a": "b"}}),
    (
        {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
        {"matchLabels": {"kubernetes.io/metadata.name": "other"}},
    ),
    (
        {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]},
        {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}]},
    ),
    (
        {"matchExpressions": [{"key": "secret-access/runtime-only", "operator": "Exists"}]},
        {"matchExpressions": [{"key": "secret-access/runtime-only", "operator": "DoesNotExist"}]},
    ),
]
"""What chooses a runtime-only namespace, and what chooses another."""


def selecting(selector: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, str, Program, Program]:
    """An ExternalSecret of the cluster that makes a Secret in the runtime-only namespace, and one that does not."""
    return (
        "secret-in-etcd",
        f"ExternalSecrets in namespaces by {selector}",
        {"first": RUNTIME_ONLY, "it": (OF_CLUSTER, {"spec": {"namespaceSelector": selector}})},
        {"first": RUNTIME_ONLY, "it": (OF_CLUSTER, {"spec": {"namespaceSelector": other}})},
    )


OTHERS: list[tuple[str, str, Program, Program]] = [
    (
        "widened-identity",
        "a role of Azure's by its name, from the classic provider",
        assigned("azure:authorization/assignment:Assignment", 1, roleDefinitionName="Owner", scope=GROUP),
        assigned("azure:authorization/assignment:Assignment", 1, roleDefinitionName="Reader", scope=GROUP),
    ),
    (
        "wildcard-resource",
        "an eligible role of Azure's",
        one("azure:pim/eligibleRoleAssignment:EligibleRoleAssignment", roleDefinitionId=SECRETS_USER, scope=GROUP),
        one("azure:pim/eligibleRoleAssignment:EligibleRoleAssignment", roleDefinitionId=GROUP, scope=GROUP),
    ),
    (
        "wildcard-resource",
        "a policy of aws-native's for several roles",
        one("aws-native:iam:ManagedPolicy", roles=["one", "two"], policyDocument=json.loads(reading("*"))),
        one("aws-native:iam:ManagedPolicy", roles=["one", "two"], policyDocument=json.loads(reading(arns("one/*")))),
    ),
    (
        "wildcard-resource",
        "a policy of aws-native's for no role",
        one("aws-native:iam:ManagedPolicy", policyDocument=reading("*")),
        one("aws-native:iam:ManagedPolicy", policyDocument=reading(arns("one/*"))),
    ),
    (
        "wildcard-principal",
        "a copy of a key in another region",
        one("aws:kms/replicaKey:ReplicaKey", policy=reading("*", Action="kms:Decrypt", Principal="*")),
        one(
            "aws:kms/replicaKey:ReplicaKey",
            policy=reading("*", Action="kms:Decrypt", Principal={"AWS": "111122223333"}),
        ),
    ),
    (
        "wildcard-principal",
        "a key of aws-native's",
        one("aws-native:kms:Key", keyPolicy=json.loads(reading("*", Action="kms:Decrypt", Principal="*"))),
        one(
            "aws-native:kms:Key",
            keyPolicy=json.loads(reading("*", Action="kms:Decrypt", Principal={"AWS": "111122223333"})),
        ),
    ),
    (
        "wildcard-principal",
        "a policy of google-native's",
        one(
            "google-native:secretmanager/v1:SecretIamPolicy",
            bindings=[{"role": "roles/secretmanager.secretAccessor", "members": [WHOLE_POOL]}],
        ),
        one(
            "google-native:secretmanager/v1:SecretIamPolicy",
            bindings=[{"role": "roles/secretmanager.secretAccessor", "members": [f"{POOL}/subject/{SUBJECT}"]}],
        ),
    ),
    (
        "wildcard-resource",
        "a binding of google-native's on a project",
        one(
            "google-native:cloudresourcemanager/v3:ProjectIamMember",
            role="roles/secretmanager.secretAccessor",
            member=f"{POOL}/subject/{SUBJECT}",
        ),
        one(
            "google-native:secretmanager/v1:SecretIamMember",
            role="roles/secretmanager.secretAccessor",
            member=f"{POOL}/subject/{SUBJECT}",
        ),
    ),
    (
        "trust-without-audience",
        "a credential of the classic provider",
        one(CLASSIC_CREDENTIAL, parentId="it", subject=SUBJECT),
        one(CLASSIC_CREDENTIAL, parentId="it", subject=SUBJECT, audience="api://AzureADTokenExchange"),
    ),
    (
        "trust-by-pattern",
        "a flexible credential of an application",
        one(FLEXIBLE, audience="a", claimsMatchingExpression="claims['sub'] matches 'system:serviceaccount:shop:*'"),
        one(FLEXIBLE, audience="a", claimsMatchingExpression=f"claims['sub'] eq '{SUBJECT}'"),
    ),
    (
        "trust-by-pattern",
        "the claim of a namespace",
        one(JWT_ROLE, roleType="jwt", boundClaimsType="glob", boundClaims={"/kubernetes.io/namespace": "shop*"}),
        one(JWT_ROLE, roleType="jwt", boundClaimsType="glob", boundClaims={"/kubernetes.io/namespace": "shop"}),
    ),
    (
        "shared-identity",
        "the claim of a namespace",
        one(JWT_ROLE, roleType="jwt", boundClaims={"/kubernetes.io/namespace": "one, two"}),
        one(JWT_ROLE, roleType="jwt", boundClaims={"/kubernetes.io/namespace": "one"}),
    ),
    (
        "shared-identity",
        "an identity of Azure's whose name is known only later",
        {
            "identity": ("azure:authorization/userAssignedIdentity:UserAssignedIdentity", {}),
            "one": (CLASSIC_CREDENTIAL, {"parentId": Of("identity"), "subject": "system:serviceaccount:one:app"}),
            "two": (CLASSIC_CREDENTIAL, {"parentId": Of("identity"), "subject": "system:serviceaccount:two:app"}),
        },
        {
            "identity": ("azure:authorization/userAssignedIdentity:UserAssignedIdentity", {}),
            "one": (CLASSIC_CREDENTIAL, {"parentId": Of("identity"), "subject": "system:serviceaccount:one:app"}),
            "two": (CLASSIC_CREDENTIAL, {"parentId": Of("identity"), "subject": "system:serviceaccount:one:other"}),
        },
    ),
    (
        "rbac-across-namespaces",
        "a role that gets its rules from others, by their labels",
        {
            "part": (f"{GROUP_RBAC}:ClusterRole", ADDED),
            "sum": (f"{GROUP_RBAC}:ClusterRole", SUM),
            "it": (f"{GROUP_RBAC}:ClusterRoleBinding", BINDING),
        },
        {
            "part": (f"{GROUP_RBAC}:ClusterRole", {**ADDED, "rules": [core("configmaps", "list")]}),
            "sum": (f"{GROUP_RBAC}:ClusterRole", SUM),
            "it": (f"{GROUP_RBAC}:ClusterRoleBinding", BINDING),
        },
    ),
    (
        "rbac-across-namespaces",
        "another kind of the role's name",
        {
            "role": (f"{GROUP_RBAC}:Role", {"metadata": IN_PODS, "rules": [core("pods", "create")]}),
            "other": ("kubernetes:iam.example/v1:Role", {"metadata": IN_PODS, "spec": {}}),
            "it": (
                f"{GROUP_RBAC}:RoleBinding",
                {"metadata": IN_PODS, "roleRef": {"kind": "Role", "name": "shop"}, "subjects": [CI]},
            ),
        },
        {
            "role": (f"{GROUP_RBAC}:Role", {"metadata": IN_PODS, "rules": [core("pods", "get")]}),
            "it": (
                f"{GROUP_RBAC}:RoleBinding",
                {"metadata": IN_PODS, "roleRef": {"kind": "Role", "name": "shop"}, "subjects": [CI]},
            ),
        },
    ),
    (
        "secret-in-etcd",
        "ExternalSecrets in namespaces by a label",
        {
            "first": RUNTIME_ONLY,
            "it": (
                OF_CLUSTER,
                {"spec": {"namespaceSelectors": [{"matchLabels": {"secret-access/runtime-only": "true"}}]}},
            ),
        },
        {"first": RUNTIME_ONLY, "it": (OF_CLUSTER, {"spec": {"namespaces": ["other"]}})},
    ),
    *(selecting(*pair) for pair in SELECTORS),
    (
        "secret-in-etcd",
        "a Secret of Kubernetes, and one of a cloud",
        {"first": RUNTIME_ONLY, "it": ("kubernetes:core/v1:Secret", {"metadata": {"namespace": "shop"}})},
        {
            "first": RUNTIME_ONLY,
            "it": ("kubernetes:secretsmanager.services.k8s.aws/v1alpha1:Secret", {"metadata": {"namespace": "shop"}}),
        },
    ),
    (
        "token-in-application",
        "a patch of an application alone",
        one(
            "kubernetes:apps/v1:DeploymentPatch",
            metadata=IN_PODS,
            spec={"template": {"spec": {"containers": [MOUNTS]}}},
        ),
        one(
            "kubernetes:apps/v1:DeploymentPatch",
            metadata=IN_PODS,
            spec={"template": {"spec": {"containers": [{**MOUNTS, "name": "secrets"}]}}},
        ),
    ),
    (
        "token-in-application",
        "a container that is added to a running pod",
        one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec=pod(ephemeralContainers=[{**MOUNTS, "name": "debug"}])),
        one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec=pod(ephemeralContainers=[{**APP, "name": "debug"}])),
    ),
    (
        "token-in-application",
        "a sidecar whose vault is known only later",
        one(
            "kubernetes:core/v1:Pod",
            metadata=IN_PODS,
            spec=pod(MOUNTS, {**SHARED_MODE, "env": [{"name": "SECRETS_BACKEND", "valueFrom": {}}]}, volumes=[TOKEN]),
        ),
        one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec=pod()),
    ),
]


@pytest.mark.parametrize(("rule", "wrong", "right"), [pytest.param(r, w, o, id=f"{r}: {n}") for r, n, w, o in OTHERS])
def test_a_mistake_of_another_kind_is_found(rule: str, wrong: Program, right: Program) -> None:
    """And the same without it is not."""
    assert found_by(rule, resources(wrong)) != []
    assert found_by(rule, resources(right)) == []
