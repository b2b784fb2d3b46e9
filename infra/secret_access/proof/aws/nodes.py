"""Roles of EC2 instances: whether pods run on these, and reach the metadata service that hands the role out. Pure.

Pods reach it unless it asks for a token (`httpTokens: required`), whose answer ends at the node
(`httpPutResponseHopLimit: 1`): without the first the second is of no effect.

Sources: EKS Best Practices, "Restrict access to the instance profile assigned to the worker node"; EKS User Guide,
"Customize managed nodes with launch templates" (without one, EKS makes it) and "Security considerations for Amazon EKS
Auto Mode"; https://karpenter.sh/docs/concepts/nodeclasses/#specmetadataoptions.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..preview import Resource
from .stack import Role, Stack
from .trust import statement_trusting_service

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
CLUSTER = "aws:eks/cluster:Cluster"
ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry"
INSTANCE_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
WITH_PROFILE = (
    LAUNCH_TEMPLATE,
    "aws:ec2/launchConfiguration:LaunchConfiguration",
    "aws:ec2/instance:Instance",
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
)
AUTO_MODE = "kubernetes:eks.amazonaws.com/v1:NodeClass"
_KARPENTER = re.compile(r"kubernetes:karpenter\.k8s\.aws/(v1|v1beta1):EC2NodeClass")
_KARPENTERS_HOPS = {"v1": 1, "v1beta1": 2}
_SERVICES = ("ec2.amazonaws.com", "ec2.amazonaws.com.cn")
_NODES_BY_TYPE = {"EC2_LINUX": (), "EC2_WINDOWS": (), "EC2": (False,)}
"""Types of access entries for nodes; those of Auto Mode keep pods out by themselves."""


@dataclass
class Instances:
    """What the documents say of the instances with a role."""

    trust: str
    """The statement that lets EC2 have it."""
    are_nodes: bool = False
    are_reached: list[bool | None] = field(default_factory=list)
    """Whether pods reach the metadata service, of each kind of instance; None where no document says so."""

    @property
    def by_pods(self) -> bool | None:
        """Whether pods get the role."""
        if self.are_reached and all(each is False for each in self.are_reached):
            return False
        return True if self.are_nodes and True in self.are_reached else None


def instances(stack: Stack, resources: Sequence[Resource]) -> dict[str, Instances]:
    """Return the roles that EC2 may have, by URN, with what is said of their instances."""
    found: dict[str, Instances] = {}
    for urn, role in stack.roles.items():
        statements = (statement_trusting_service(role.trust, service, {}) for service in _SERVICES)
        if (lets_in := next((each for each in statements if each is not None), None)) is not None:
            found[urn] = Instances(lets_in)
    if found:
        for used, is_node, reached in _uses(stack, resources):
            if used is not None and used.urn in found:
                found[used.urn].are_nodes |= is_node
                found[used.urn].are_reached += reached
    return found


def _uses(stack: Stack, resources: Sequence[Resource]) -> Iterator[tuple[Role | None, bool, Sequence[bool | None]]]:
    """Yield each use of a role, whether it is a node's, and whether pods reach the metadata service."""
    profiles = {each.urn: each for each in resources if each.type == INSTANCE_PROFILE}
    templates = {each.urn: each for each in resources if each.type == LAUNCH_TEMPLATE}
    for each in resources:
        options = each.inputs.get("metadataOptions")
        if each.type == NODE_GROUP:
            yield stack.role_of(each, "nodeRoleArn"), True, [_of_group(each, templates)]
        elif each.type == CLUSTER and isinstance(auto := each.inputs.get("computeConfig"), Mapping):
            yield _role(stack, each, "computeConfig", auto.get("nodeRoleArn")), True, [False]
        elif each.type == ACCESS_ENTRY and each.text("type") in _NODES_BY_TYPE:
            yield stack.role_of(each, "principalArn"), True, _NODES_BY_TYPE[str(each.text("type"))]
        elif each.type in WITH_PROFILE and each.inputs.get("iamInstanceProfile") is not None:
            yield _of_profile(stack, each, "iamInstanceProfile", profiles), False, [_is_reached(options)]
        elif isinstance(spec := each.inputs.get("spec"), Mapping):
            if each.type == AUTO_MODE:
                yield _role(stack, each, "spec", spec.get("role")), True, [False]
            elif version := _KARPENTER.fullmatch(each.type):
                own = {"httpTokens": "required", "httpPutResponseHopLimit": _KARPENTERS_HOPS[version[1]]}
                given = spec.get("metadataOptions")
                reached = _is_reached({**own, **(given if isinstance(given, Mapping) else {})})
                role = _role(stack, each, "spec", spec.get("role")) or _of_profile(stack, each, "spec", profiles)
                yield role, True, [reached]


def _of_group(group: Resource, templates: Mapping[str, Resource]) -> bool | None:
    """Return whether pods of a node group reach the metadata service; without a template EKS allows two hops."""
    if group.inputs.get("launchTemplate") is None:
        return True
    template = _meant(group, "launchTemplate", templates)
    return None if template is None else _is_reached(template.inputs.get("metadataOptions"))


def _is_reached(options: Any) -> bool:
    if not isinstance(options, Mapping):
        return True
    is_kept = options.get("httpTokens") == "required" and options.get("httpPutResponseHopLimit") == 1
    return options.get("httpEndpoint") != "disabled" and not is_kept


def _of_profile(stack: Stack, each: Resource, key: str, profiles: Mapping[str, Resource]) -> Role | None:
    profile = _meant(each, key, profiles)
    return None if profile is None else stack.role_of(profile, "role")


def _meant(each: Resource, key: str, among: Mapping[str, Resource]) -> Resource | None:
    """Return the resource that an input names: it comes from it, or has its name, or an ARN that ends in it."""
    urn = next((urn for urn in each.depends_on.get(key, ()) if urn in among), None)
    if urn is not None:
        return among[urn]
    given = each.inputs.get(key)
    texts = [text for text in (given.values() if isinstance(given, Mapping) else [given]) if isinstance(text, str)]
    named = {other.text("name"): other for other in among.values() if other.text("name") is not None}
    return next((named[name] for text in texts if (name := text.rpartition("/")[2]) in named), None)


def _role(stack: Stack, each: Resource, key: str, given: Any) -> Role | None:
    return stack.role_of(Resource(each.urn, each.type, {key: given}, each.depends_on), key)
