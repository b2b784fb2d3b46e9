"""A mistake is found under every type that may hold it: other providers, versions, lists, patches, templates."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.infra.policy.cases import CASES
from tests.infra.policy.cases.case import Case, Program, one, resources
from tests.infra.policy.cases.cloud_resources import ROLE, ROLE_POLICY
from tests.infra.policy.cases.pods import APP, DIGEST, IN_PODS, MOUNTS, SHARED_MODE, pod
from tests.infra.policy.found import found_by

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
