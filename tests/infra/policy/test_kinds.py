"""A mistake is found under every type that may hold it: other providers, versions, lists, patches, templates."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.preview import Resource
from tests.infra.policy.cases import CASES
from tests.infra.policy.cases.case import Case, Of, Program, one, resources
from tests.infra.policy.cases.cloud_resources import (
    GROUP,
    JWT_ROLE,
    POOL,
    ROLE,
    ROLE_POLICY,
    SECRETS_USER,
    SUBJECT,
    arns,
    reading,
)
from tests.infra.policy.cases.further_policies import assigned
from tests.infra.policy.cases.pods import APP, DIGEST, IN_PODS, MOUNTS, SHARED_MODE, TOKEN, pod
from tests.infra.policy.cases.rbac import CI, DEVELOPERS, GROUP_RBAC, core

AWS_NATIVE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    ROLE: (
        "aws-native:iam:Role",
        {"name": "roleName", "assumeRolePolicy": "assumeRolePolicyDocument", "inlinePolicies": "policies"},
    ),
    ROLE_POLICY: (
        "aws-native:iam:RolePolicy",
        {"name": "policyName", "role": "roleName", "policy": "policyDocument"},
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("aws-native:eks:PodIdentityAssociation", {}),
    "aws:secretsmanager/secretPolicy:SecretPolicy": (
        "aws-native:secretsmanager:ResourcePolicy",
        {"policy": "resourcePolicy"},
    ),
}
Respelled = Callable[[str, Mapping[str, Any]], tuple[str, Mapping[str, Any]] | None]


def as_aws_native(type_: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """What the provider `aws-native` calls a resource of AWS's."""
    if type_ not in AWS_NATIVE:
        return None
    native, names = AWS_NATIVE[type_]
    respelled = {names.get(key, key): value for key, value in inputs.items()}
    if "policies" in respelled:
        respelled["policies"] = [
            {"policyName": each["name"], "policyDocument": each["policy"]} for each in respelled["policies"]
        ]
    return native, respelled


def of_a_version(type_: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """A type of `azure-native` with the version of its API."""
    native, _, kind = type_.rpartition(":")
    return (f"{native}/v20220401:{kind}", inputs) if native.startswith("azure-native") else None


def of_a_local_sdk(type_: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """A type of `azure-native` with a version that a program has made an SDK for."""
    _, _, rest = type_.partition(":")
    is_azure = type_.startswith("azure-native:")
    return (f"azure-native_authorization_v20220401:{rest.replace(':', '/v20220401:')}", inputs) if is_azure else None


def as_patch(type_: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """A part of an object that somebody else makes."""
    is_other = not type_.startswith("kubernetes:") or type_.endswith("List")
    return None if is_other else (f"{type_}Patch", {**inputs, "kind": type_.rpartition(":")[2]})


def as_list(type_: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """A list of one object."""
    if not type_.startswith("kubernetes:") or type_.endswith("List"):
        return None
    _, version, kind = type_.split(":")
    return f"{type_}List", {"items": [{**inputs, "apiVersion": version.removeprefix("core/"), "kind": kind}]}


def respelled(case: Case, how: Respelled) -> list[tuple[str, Program, Program]]:
    """The case with its resources respelled; none where it has none of these."""
    changed = [
        {name: how(type_, inputs) or (type_, inputs) for name, (type_, inputs) in program.items()}
        for program in (case.wrong, case.right)
    ]
    return [] if changed[0] == case.wrong else [(case.says, changed[0], changed[1])]


RESPELLED = [
    pytest.param(case.rule, *found, id=f"{how.__name__}: {case.rule}: {case.name}")
    for how in (as_aws_native, of_a_version, of_a_local_sdk, as_patch, as_list)
    for case in CASES
    if case.rule not in ("isolation", "not-judged")
    for found in respelled(case, how)
]


def found_by(rule: str, given: list[Resource]) -> list[str]:
    """What a rule has against resources."""
    return [each.found.what for each in violations([each for each in RULES if each.id == rule], given)]


@pytest.mark.parametrize(("rule", "says", "wrong", "right"), RESPELLED)
def test_a_mistake_is_found_under_another_type(rule: str, says: str, wrong: Program, right: Program) -> None:
    """And the same without it is not."""
    assert any(says in what for what in found_by(rule, resources(wrong)))
    assert found_by(rule, resources(right)) == []


WITH_TEMPLATES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "kubernetes:apps/v1:ReplicaSet": lambda template: {"spec": {"template": template}},
    "kubernetes:apps/v1beta2:Deployment": lambda template: {"spec": {"template": template}},
    "kubernetes:argoproj.io/v1alpha1:Rollout": lambda template: {"spec": {"template": template}},
    "kubernetes:batch/v1beta1:CronJob": lambda template: {"spec": {"jobTemplate": {"spec": {"template": template}}}},
    "kubernetes:core/v1:PodTemplate": lambda template: {"template": template},
    "kubernetes:core/v1:ReplicationController": lambda template: {"spec": {"template": template}},
    "kubernetes:keda.sh/v1alpha1:ScaledJob": lambda template: {"spec": {"jobTargetRef": {"template": template}}},
    "kubernetes:batch.volcano.sh/v1alpha1:Job": lambda template: {"spec": {"tasks": [{"template": template}]}},
    "kubernetes:serving.knative.dev/v1:Service": lambda template: {"spec": {"template": template}},
}
"""Where each kind has its pods' template."""
OF_PODS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sidecar-beyond-localhost": (pod(sidecar=SHARED_MODE), pod()),
    "token-in-application": (pod(MOUNTS), pod()),
    "image-by-tag": (
        {"initContainers": [{**APP, "image": "registry.example/shop"}], "containers": []},
        {"initContainers": [{**APP, "image": DIGEST}], "containers": []},
    ),
}
"""Pods that break a rule, and such that do not."""


@pytest.mark.parametrize("type_", WITH_TEMPLATES)
@pytest.mark.parametrize("rule", OF_PODS)
def test_pods_are_judged_whatever_kind_makes_them(rule: str, type_: str) -> None:
    """Of Kubernetes' own kinds, old versions of their API, and kinds that others add."""
    wrong, right = (
        resources(one(type_, metadata=IN_PODS, **WITH_TEMPLATES[type_]({"spec": spec}))) for spec in OF_PODS[rule]
    )
    assert found_by(rule, wrong) != []
    assert found_by(rule, right) == []


OTHER_LABEL = {"example/part-of": "team"}
ADDED = {"metadata": {"name": "part", "labels": OTHER_LABEL}, "rules": [core("secrets", "list")]}
SUM = {
    "metadata": {"name": "sum"},
    "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": OTHER_LABEL}]},
    "rules": [],
}
RUNTIME_ONLY = (
    "kubernetes:core/v1:Namespace",
    {"metadata": {"name": "shop", "labels": {"secret-access/runtime-only": "true"}}},
)
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


PROVIDER = "urn:pulumi:only::inline::pulumi:providers:kubernetes::of-shop"


@pytest.mark.parametrize(("namespace", "found"), [("shop", 1), ("other", 0)])
def test_an_object_without_a_namespace_is_in_that_of_its_provider(namespace: str, found: int) -> None:
    """As the provider does it."""
    given = resources({"first": RUNTIME_ONLY, "it": ("kubernetes:core/v1:Secret", {"metadata": {"name": "it"}})})
    made_by = replace(given[1], provider=f"{PROVIDER}::1")
    provider = Resource(PROVIDER, "pulumi:providers:kubernetes", {"namespace": namespace}, {})
    assert len(found_by("secret-in-etcd", [provider, given[0], made_by])) == found


def test_namespaces_and_roles_of_one_name_in_two_clusters_are_two() -> None:
    """A cluster is what a provider reaches."""
    first, second = (f"{PROVIDER}-{number}::1" for number in (1, 2))
    secret = ("kubernetes:core/v1:Secret", {"metadata": {"name": "it", "namespace": "shop"}})
    unmarked = ("kubernetes:core/v1:Namespace", {"metadata": {"name": "shop"}})
    marked, other, made = (
        replace(each, provider=provider)
        for each, provider in zip(
            resources({"1": RUNTIME_ONLY, "2": unmarked, "3": secret}), (first, second, second), strict=True
        )
    )
    assert found_by("secret-in-etcd", [other, marked, made]) == []
    assert found_by("secret-in-etcd", [marked, other, replace(made, provider=first)]) != []
