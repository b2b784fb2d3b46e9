"""AWS's roles, policies and associations in a stack, with all that the documents say of them. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..preview import UNKNOWN, Resource
from . import trust
from .chains import is_named
from .managed_policies import document, is_without_secrets
from .statements import Statement, statements

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
EXCLUSIVE = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
SEVERAL = "aws:iam/policyAttachment:PolicyAttachment"
POLICY = "aws:iam/policy:Policy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ADDONS = ("aws:eks/addon:Addon", "aws-native:eks:Addon")
COMPONENT = "secret-access:index:AwsSecretAccess"
RESOURCE_POLICIES = ("aws:secretsmanager/secretPolicy:SecretPolicy", "aws:secretsmanager/secret:Secret")
_DESCRIPTION = re.compile(r"Secrets (?P<prefix>\S+/)\* for pods of the namespace (?P<namespace>\S+)(?: of \S+ in \S+)?")


@dataclass
class Role:
    """A role of the stack, as far as its documents are known."""

    urn: str
    name: str
    provider: str
    """URN and id: roles of one name are in several accounts."""
    trust: tuple[Statement, ...]
    policies: list[Statement] = field(default_factory=list)
    """Those of the stack."""
    of_aws: list[Statement] = field(default_factory=list)
    """Those of AWS's own policies that give every secret."""
    boundary: tuple[Statement, ...] | None = None
    undecided: list[str] = field(default_factory=list)
    """What is not known of its rights: it counts where pods can get the role."""

    @property
    def identity(self) -> tuple[Statement, ...]:
        """What its policies say."""
        return *self.policies, *self.of_aws

    @property
    def limits(self) -> tuple[tuple[Statement, ...], ...]:
        """What has to allow beside its policies."""
        return () if self.boundary is None else (self.boundary,)


@dataclass
class Stack:
    """What the resources say; `undecided` is what they do not."""

    roles: dict[str, Role] = field(default_factory=dict)
    """By URN."""
    prefixes: dict[str, str] = field(default_factory=dict)
    """By namespace, as the components declare them."""
    undecided: list[str] = field(default_factory=list)
    associations: list[Resource] = field(default_factory=list)
    """Those of add-ons among them."""

    def role_of(self, resource: Resource, key: str) -> Role | None:
        """Return the role that an input names: by its name, its ARN, or the resource that the input comes from."""
        given = resource.text(key)
        for urn in resource.depends_on.get(key, ()):
            if urn in self.roles:
                return self.roles[urn]
        named = [
            role
            for role in self.roles.values()
            if given is not None and (given == role.name or given.endswith(f"/{role.name}"))
        ]
        found = [role for role in named if role.provider == resource.provider] or named
        if len({role.provider for role in found}) > 1:
            self.undecided.append(f"{resource.name} is of {given}: in which account is in no document")
        return found[0] if found else None


def described(resources: Sequence[Resource]) -> dict[str, str]:
    """Return the prefixes of namespaces that the descriptions of their roles say."""
    texts = (each.text("description") or "" for each in resources if each.type == ROLE)
    return {found["namespace"]: found["prefix"] for text in texts if (found := _DESCRIPTION.fullmatch(text))}


def read(resources: Sequence[Resource]) -> Stack:
    """Return the roles with all their policies; raises DocumentError."""
    stack = Stack(prefixes=described(resources))
    policies = {each.urn: each for each in resources if each.type == POLICY}
    for each in resources:
        _add(stack, each, policies)
    for each in resources:
        if each.type in (ROLE_POLICY, ATTACHMENT, EXCLUSIVE, SEVERAL):
            _add_policy(stack, each, policies)
        if each.type in RESOURCE_POLICIES and _may_admit(stack, each):
            stack.undecided.append(f"the resource policy of {each.name} is for roles of the stack: it is not judged")
    for role in stack.roles.values():
        for namespace in trust.named_namespaces(role.trust):
            stack.prefixes.setdefault(namespace, f"{namespace}/")
    return stack


def _add(stack: Stack, each: Resource, policies: Mapping[str, Resource]) -> None:
    if each.type == COMPONENT and (namespace := each.text("namespace")):
        stack.prefixes[namespace] = each.text("secretPrefix") or f"{namespace}/"
    if each.type == ROLE:
        _add_role(stack, each, policies)
    if each.type == ASSOCIATION:
        stack.associations.append(each)
        if namespace := each.text("namespace"):
            stack.prefixes.setdefault(namespace, f"{namespace}/")
    if each.type in ADDONS:
        stack.associations += _of_addon(each)


def _of_addon(addon: Resource) -> list[Resource]:
    """Return the associations of an add-on, as resources of their own; it runs in kube-system unless told."""
    given = addon.inputs.get("podIdentityAssociations")
    settings = addon.inputs.get("namespaceConfig")
    namespace = settings.get("namespace") if isinstance(settings, Mapping) else "kube-system"
    origin = {"roleArn": addon.depends_on.get("podIdentityAssociations", ())}
    return [
        Resource(addon.urn, ASSOCIATION, {**each, "namespace": namespace}, origin)
        for each in (given if isinstance(given, list) else [{}] if given is not None else [])
        if isinstance(each, Mapping)
    ]


def _may_admit(stack: Stack, each: Resource) -> bool:
    """Whether a resource policy may allow something to a role of the stack."""
    if each.inputs.get("policy") is None:
        return False
    text = each.text("policy")
    names = [role.name for role in stack.roles.values()]
    return text is None or any(
        one.is_allow and (one.is_not_principal or any(is_named(who, name) for who in one.principals.get("AWS", ())))
        for one in statements(f"policy of {each.name}", text)
        for name in names
    )


def _add_policy(stack: Stack, each: Resource, policies: Mapping[str, Resource]) -> None:
    if each.type == SEVERAL:
        _attach_to_several(stack, each, policies)
        return
    role = stack.role_of(each, "roleName" if each.type == EXCLUSIVE else "role")
    if role is None and each.type == EXCLUSIVE and not each.inputs.get("policyArns"):
        return
    if role is None:
        stack.undecided.append(f"{each.name} is a policy of a role that is not among the documents")
    elif each.type == ROLE_POLICY:
        source = f"policy {each.text('name') or each.name} of {role.name}"
        role.policies += _document(role.undecided, each, "policy", source)
    else:
        role.policies += _attached(each, "policyArns" if each.type == EXCLUSIVE else "policyArn", policies, role)


def _attach_to_several(stack: Stack, each: Resource, policies: Mapping[str, Resource]) -> None:
    """Attach a policy to the roles that it lists: users and groups are no pods."""
    given = each.inputs.get("roles") or ()
    names = [str(name) for name in ([given] if isinstance(given, str) else given)]
    sources = {*each.depends_on.get("roles", ())}
    roles = [role for role in stack.roles.values() if role.urn in sources or role.name in names]
    for role in roles:
        role.policies += _attached(each, "policyArn", policies, role)
    if len(roles) < len(names):
        stack.undecided.append(f"{each.name} is a policy of a role that is not among the documents")


def _add_role(stack: Stack, each: Resource, policies: Mapping[str, Resource]) -> None:
    name = each.text("name") or each.name
    role = Role(each.urn, name, each.provider, _document(stack.undecided, each, "assumeRolePolicy", f"trust of {name}"))
    for number, inline in enumerate(each.inputs.get("inlinePolicies") or (), 1):
        nested = Resource(each.urn, each.type, inline if isinstance(inline, Mapping) else {}, {})
        called = nested.text("name") or number
        role.policies += _document(role.undecided, nested, "policy", f"inline policy {called} of {name}")
    role.policies += _attached(each, "managedPolicyArns", policies, role)
    boundary = next((urn for urn in each.depends_on.get("permissionsBoundary", ()) if urn in policies), None)
    if boundary is not None and policies[boundary].text("policy") is not None:
        role.boundary = statements(f"boundary of {name}", policies[boundary].text("policy"))
    stack.roles[each.urn] = role


def _attached(each: Resource, key: str, policies: Mapping[str, Resource], role: Role) -> list[Statement]:
    """Return the statements of attached policies: those of the stack; what else is attached is said."""
    given = each.inputs.get(key) or ()
    if key != "policyArn" and isinstance(given, str):
        role.undecided.append(f"what is attached to role {role.name} is known only after `pulumi up`")
    arns = [arn for arn in ([given] if isinstance(given, str) else given) if not is_without_secrets(str(arn))]
    of_aws = {str(arn): found for arn in arns if (found := document(str(arn))) is not None}
    role.of_aws += [one for arn, found in of_aws.items() for one in statements(f"{arn} attached to {role.name}", found)]
    arns = [arn for arn in arns if str(arn) not in of_aws]
    urns = [urn for urn in dict.fromkeys(each.depends_on.get(key, ())) if urn in policies]
    if len(arns) > len(urns):
        known = ", ".join(str(arn) for arn in arns if UNKNOWN not in str(arn)) or "a policy"
        role.undecided.append(f"role {role.name} has {known} attached, which is not among the documents")
    return [
        statement
        for urn in urns
        for statement in _document(
            role.undecided, policies[urn], "policy", f"policy {policies[urn].name} attached to {role.name}"
        )
    ]


def _document(undecided: list[str], each: Resource, key: str, source: str) -> tuple[Statement, ...]:
    if each.inputs.get(key) is None or each.is_pending(key):
        undecided.append(f"the {source} is known only after `pulumi up`")
        return ()
    return statements(source, each.text(key))
