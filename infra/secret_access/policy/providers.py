"""Resources of several providers as the rules read them: in the words of one provider for each cloud. Pure.

Sources: the pages of `aws-native` and `azure-native` in Pulumi's registry; "Azure Native: using specific API versions";
the input `namespace` of the provider `kubernetes`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..proof.preview import Resource

_AZURE = re.compile(r"azure-native(?:_\w+)?:(\w+)(?:/v\w+)?:(\w+)")
_KUBERNETES, _KUBERNETES_PROVIDER = "kubernetes:", "pulumi:providers:kubernetes"
_LIST = re.compile(r"kubernetes:([^:]+):(\w*)List")
_AWS_NATIVE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "aws-native:eks:PodIdentityAssociation": ("aws:eks/podIdentityAssociation:PodIdentityAssociation", {}),
    "aws-native:iam:GroupPolicy": ("aws:iam/groupPolicy:GroupPolicy", {"policyDocument": "policy"}),
    "aws-native:iam:Role": (
        "aws:iam/role:Role",
        {"assumeRolePolicyDocument": "assumeRolePolicy", "policies": "inlinePolicies", "roleName": "name"},
    ),
    "aws-native:iam:RolePolicy": (
        "aws:iam/rolePolicy:RolePolicy",
        {"policyDocument": "policy", "policyName": "name", "roleName": "role"},
    ),
    "aws-native:iam:UserPolicy": ("aws:iam/userPolicy:UserPolicy", {"policyDocument": "policy"}),
    "aws-native:kms:Key": ("aws:kms/key:Key", {"keyPolicy": "policy"}),
    "aws-native:kms:ReplicaKey": ("aws:kms/replicaKey:ReplicaKey", {"keyPolicy": "policy"}),
    "aws-native:secretsmanager:ResourcePolicy": (
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        {"resourcePolicy": "policy", "secretId": "secretArn"},
    ),
}
"""Types of the provider `aws-native`, each with the type of the provider `aws`, and its inputs by their names there."""
_POLICIES_OF_SEVERAL = ("aws-native:iam:ManagedPolicy", "aws-native:iam:Policy")
_POLICY, _ROLE_POLICY = "aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"
_INLINE = {"policyDocument": "policy", "policyName": "name"}


def as_rules_read(resources: Sequence[Resource]) -> list[Resource]:
    """Return the resources as the rules read them; what no rule reads is left as it is."""
    namespaces = {each.urn: each.inputs.get("namespace") for each in resources if each.type == _KUBERNETES_PROVIDER}
    return [
        _in_its_namespace(each, namespaces) if each.type.startswith(_KUBERNETES) else each
        for resource in resources
        for each in _translated(resource)
    ]


def _translated(resource: Resource) -> Iterator[Resource]:
    if resource.type in _AWS_NATIVE:
        type_, names = _AWS_NATIVE[resource.type]
        renamed = _renamed(resource, type_, names)
        inline = renamed.inputs.get("inlinePolicies")
        if isinstance(inline, list):
            spelled = [
                {_INLINE.get(key, key): value for key, value in each.items()}
                for each in inline
                if isinstance(each, Mapping)
            ]
            renamed = replace(renamed, inputs={**renamed.inputs, "inlinePolicies": spelled})
        yield renamed
    elif resource.type in _POLICIES_OF_SEVERAL:
        yield from _of_several(resource)
    elif (listed := _LIST.fullmatch(resource.type)) and isinstance(resource.inputs.get("items"), list):
        for each in resource.inputs["items"]:
            if isinstance(each, Mapping):
                type_ = f"{_KUBERNETES}{_version(each) or listed[1]}:{each.get('kind') or listed[2]}"
                yield replace(resource, type=type_, inputs=each)
    elif kind := _AZURE.fullmatch(resource.type):
        yield replace(resource, type=f"azure-native:{kind[1]}:{kind[2]}")
    else:
        yield resource


def _version(manifest: Mapping[str, Any]) -> str:
    """Return the version of an object's API as Pulumi's types have it: `core/v1`."""
    version = manifest.get("apiVersion")
    return "" if not isinstance(version, str) else version if "/" in version else f"core/{version}"


def _of_several(resource: Resource) -> Iterator[Resource]:
    """Yield a policy for each role that it is given to; the policy itself where there is none."""
    roles = resource.inputs.get("roles")
    known: Sequence[Any] = roles if isinstance(roles, list) and roles else (None,)
    for role in known:
        renamed = _renamed(
            resource, _POLICY if role is None else _ROLE_POLICY, {**_INLINE, "managedPolicyName": "name"}
        )
        given = {} if role is None else {"role": role}
        sources = resource.depends_on.get("roles", ())
        is_one = len(known) == 1
        depends_on = {**renamed.depends_on, **({"role": sources} if is_one else {})}
        yield replace(renamed, inputs={**renamed.inputs, **given}, depends_on=depends_on)


def _renamed(resource: Resource, type_: str, names: Mapping[str, str]) -> Resource:
    return replace(
        resource,
        type=type_,
        inputs={names.get(key, key): value for key, value in resource.inputs.items()},
        depends_on={names.get(key, key): urns for key, urns in resource.depends_on.items()},
    )


def _in_its_namespace(resource: Resource, namespaces: Mapping[str, Any]) -> Resource:
    """Return an object in the namespace of its provider, where it says none itself."""
    namespace = namespaces.get(resource.provider.rpartition("::")[0])
    if not isinstance(namespace, str):
        return resource
    metadata = resource.inputs.get("metadata")
    given = metadata if isinstance(metadata, Mapping) else {}
    return replace(resource, inputs={**resource.inputs, "metadata": {"namespace": namespace, **given}})
