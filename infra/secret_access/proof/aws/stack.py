"""AWS's roles, policies and associations in a stack, and which namespace gets what by them. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..emptiness import Undecided
from ..isolation import Reach, Verdict, judge
from ..preview import UNKNOWN, Resource
from ..subjects import namespaces_among
from . import trust
from .chains import AssumableRole, Session, chained, is_named, strangers, trusts_principals
from .rights import Rights
from .secrets import EXAMPLE, spelling
from .statements import Statement, statements

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
EXCLUSIVE = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
SEVERAL = "aws:iam/policyAttachment:PolicyAttachment"
POLICY = "aws:iam/policy:Policy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
COMPONENT = "secret-access:index:AwsSecretAccess"
NOT_IN_THE_DOCUMENTS = (
    "resource policies of secrets and keys",
    "service and resource control policies of the organization",
    "roles and policies that other stacks or people attach",
    "the nodes' own role, where pods reach the metadata service",
)
RESOURCE_POLICIES = ("aws:secretsmanager/secretPolicy:SecretPolicy", "aws:secretsmanager/secret:Secret")
_OTHER_PROVIDER = re.compile(r"aws-native:(iam:(Role|RolePolicy|ManagedPolicy|Policy)|eks:PodIdentityAssociation)")
_DESCRIPTION = re.compile(r"Secrets (?P<prefix>\S+/)\* for pods of the namespace (?P<namespace>\S+)(?: of \S+ in \S+)?")
_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:")


@dataclass
class Role:
    """A role of the stack, as far as its documents are known."""

    urn: str
    name: str
    arn: str | None
    trust: tuple[Statement, ...]
    policies: list[Statement] = field(default_factory=list)
    boundary: tuple[Statement, ...] | None = None


@dataclass
class Stack:
    """What the resources say; `undecided` is what they do not."""

    roles: dict[str, Role] = field(default_factory=dict)
    """By URN."""
    prefixes: dict[str, str] = field(default_factory=dict)
    """By namespace, as the components declare them."""
    undecided: list[str] = field(default_factory=list)
    associations: list[Resource] = field(default_factory=list)

    def role_of(self, resource: Resource, key: str) -> Role | None:
        """Return the role that an input names: by its name, its ARN, or the resource that the input comes from."""
        given = resource.text(key)
        for urn in resource.depends_on.get(key, ()):
            if urn in self.roles:
                return self.roles[urn]
        for role in self.roles.values():
            if given is not None and (given == role.name or given.endswith(f"/{role.name}")):
                return role
        return None


def evaluate(
    resources: Sequence[Resource], prefixes: Mapping[str, str] | None = None, shared: Sequence[str] = ()
) -> Verdict:
    """Return what AWS's documents among the resources let through.

    `prefixes` are those that are known beside what the components declare. Raises DocumentError.
    """
    stack = read(resources)
    if not stack.roles and not stack.associations:
        return Verdict("aws", {}, ())
    declared = {**stack.prefixes, **(prefixes or {})}
    sessions = [*_by_tokens(stack, set(declared)), *_by_associations(stack)]
    if not declared and not sessions and all(role.trust for role in stack.roles.values()):
        return Verdict("aws", {}, ())  # roles of something else than pods
    reached = _reached(stack, [*sessions, *_by_chains(stack, sessions)])
    return judge(
        "aws",
        declared,
        reached,
        spelling(_where(stack)),
        shared=shared,
        undecided=stack.undecided,
        not_in_documents=NOT_IN_THE_DOCUMENTS,
    )


def described(resources: Sequence[Resource]) -> dict[str, str]:
    """Return the prefixes of namespaces that the descriptions of their roles say."""
    texts = (each.text("description") or "" for each in resources if each.type == ROLE)
    return {found["namespace"]: found["prefix"] for text in texts if (found := _DESCRIPTION.fullmatch(text))}


def read(resources: Sequence[Resource]) -> Stack:
    """Return the roles with all their policies; raises DocumentError."""
    stack = Stack(prefixes=described(resources))
    policies = {each.urn: each for each in resources if each.type == POLICY}
    for each in resources:
        if each.type == COMPONENT and (namespace := each.text("namespace")):
            stack.prefixes[namespace] = each.text("secretPrefix") or f"{namespace}/"
        if each.type == ROLE:
            _add_role(stack, each, policies)
        if each.type == ASSOCIATION:
            stack.associations.append(each)
            if namespace := each.text("namespace"):
                stack.prefixes.setdefault(namespace, f"{namespace}/")
    for each in resources:
        if each.type in (ROLE_POLICY, ATTACHMENT, EXCLUSIVE, SEVERAL):
            _add_policy(stack, each, policies)
    _say_not_judged(stack, resources)
    for role in stack.roles.values():
        for namespace in trust.named_namespaces(role.trust):
            stack.prefixes.setdefault(namespace, f"{namespace}/")
    return stack


def _say_not_judged(stack: Stack, resources: Sequence[Resource]) -> None:
    """Note the resources that may give rights and are not judged."""
    for each in resources:
        if _OTHER_PROVIDER.fullmatch(each.type):
            stack.undecided.append(f"{each.name} is a {each.type}: of AWS's documents, the provider aws's are judged")
        if each.type in RESOURCE_POLICIES and _may_admit(stack, each):
            stack.undecided.append(f"the resource policy of {each.name} is for roles of the stack: it is not judged")


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
        stack.undecided.append(f"{each.name} attaches a policy to several roles: that is not judged")
        return
    role = stack.role_of(each, "roleName" if each.type == EXCLUSIVE else "role")
    if role is None and each.type == EXCLUSIVE and not each.inputs.get("policyArns"):
        return
    if role is None:
        stack.undecided.append(f"{each.name} is a policy of a role that is not among the documents")
    elif each.type == ROLE_POLICY:
        role.policies += _document(stack, each, "policy", f"policy {each.text('name') or each.name} of {role.name}")
    else:
        role.policies += _attached(stack, each, "policyArns" if each.type == EXCLUSIVE else "policyArn", policies, role)


def _add_role(stack: Stack, each: Resource, policies: Mapping[str, Resource]) -> None:
    name = each.text("name") or each.name
    role = Role(each.urn, name, each.text("arn"), _document(stack, each, "assumeRolePolicy", f"trust of {name}"))
    for number, inline in enumerate(each.inputs.get("inlinePolicies") or (), 1):
        nested = Resource(each.urn, each.type, inline if isinstance(inline, Mapping) else {}, {})
        called = nested.text("name") or number
        role.policies += _document(stack, nested, "policy", f"inline policy {called} of {name}")
    role.policies += _attached(stack, each, "managedPolicyArns", policies, role)
    boundary = next((urn for urn in each.depends_on.get("permissionsBoundary", ()) if urn in policies), None)
    if boundary is not None and policies[boundary].text("policy") is not None:
        role.boundary = statements(f"boundary of {name}", policies[boundary].text("policy"))
    stack.roles[each.urn] = role


def _attached(stack: Stack, each: Resource, key: str, policies: Mapping[str, Resource], role: Role) -> list[Statement]:
    """Return the statements of attached policies: those of the stack; what else is attached is said."""
    given = each.inputs.get(key) or ()
    if key != "policyArn" and isinstance(given, str):
        stack.undecided.append(f"what is attached to role {role.name} is known only after `pulumi up`")
    arns = [given] if isinstance(given, str) else list(given)
    urns = [urn for urn in dict.fromkeys(each.depends_on.get(key, ())) if urn in policies]
    if len(arns) > len(urns):
        known = ", ".join(str(arn) for arn in arns if UNKNOWN not in str(arn)) or "a policy"
        stack.undecided.append(f"role {role.name} has {known} attached, which is not among the documents")
    return [
        statement
        for urn in urns
        for statement in _document(
            stack, policies[urn], "policy", f"policy {policies[urn].name} attached to {role.name}"
        )
    ]


def _document(stack: Stack, each: Resource, key: str, source: str) -> tuple[Statement, ...]:
    if each.inputs.get(key) is None or each.is_pending(key):
        stack.undecided.append(f"the {source} is known only after `pulumi up`")
        return ()
    return statements(source, each.text(key))


def _by_tokens(stack: Stack, declared: set[str]) -> Iterator[Session]:
    """Yield what tokens of ServiceAccounts get, those of namespaces that nobody declared among them."""
    for role in stack.roles.values():
        try:
            found = list(namespaces_among(trust.trusted_subjects(role.trust), declared))
        except Undecided as error:
            stack.undecided.append(f"trust of {role.name}: {error}")
            continue
        for namespace, subject in found:
            lets_in = trust.statement_trusting(role.trust, subject)
            rights = Rights(tuple(role.policies), {}, _limits(role))
            yield Session(namespace, role.urn, role.name, rights, (lets_in,), rights)


def _by_chains(stack: Stack, sessions: Sequence[Session]) -> list[Session]:
    """Return what those sessions get by assuming further roles; say which roles trust others than these."""
    roles = [
        AssumableRole(role.urn, role.name, role.trust, tuple(role.policies), _limits(role))
        for role in stack.roles.values()
        if trusts_principals(role.trust)
    ]
    found: list[Session] = []
    for each in sessions:
        try:
            found += chained(each, roles)
        except Undecided as error:
            stack.undecided.append(f"roles that role {each.name} may assume: {error}")
    had = {each.role: each.name for each in [*sessions, *found]}
    for role in roles:
        for who in strangers(role.trust, {name for urn, name in had.items() if urn != role.urn}):
            stack.undecided.append(f"role {role.name} trusts {who}: who may become that is not among the documents")
    return found


def _by_associations(stack: Stack) -> Iterator[Session]:
    """Yield what EKS Pod Identity gives."""
    for each in stack.associations:
        namespace, account = each.text("namespace"), each.text("serviceAccount")
        role = stack.role_of(each, "roleArn")
        if namespace is None or account is None:
            stack.undecided.append(f"association {each.name}: its namespace is known only after `pulumi up`")
            continue
        if role is None:
            stack.undecided.append(f"association {each.name}: its role is not among the documents")
            continue
        tags = {} if each.inputs.get("disableSessionTags") is True else _tags(namespace, account)
        requested = {f"aws:requesttag/{key}": value for key, value in tags.items()}
        if (lets_in := trust.statement_trusting_eks(role.trust, requested)) is None:
            continue
        limits = _limits(role)
        if each.is_pending("policy"):
            stack.undecided.append(f"the session policy of {each.name} is known only after `pulumi up`")
        elif (policy := each.text("policy")) is not None:
            limits = (*limits, statements(f"session policy of {each.name}", policy))
        known = {f"aws:principaltag/{key}": value for key, value in tags.items()}
        rights = Rights(tuple(role.policies), known, limits)
        # EKS assumes the target role itself, before it restricts the session
        full = Rights(rights.identity, known, _limits(role)) if each.inputs.get("targetRoleArn") else rights
        yield Session(namespace, role.urn, role.name, rights, (lets_in,), full)


def _tags(namespace: str, account: str) -> dict[str, str]:
    return {"kubernetes-namespace": namespace, "kubernetes-service-account": account}


def _limits(role: Role) -> tuple[tuple[Statement, ...], ...]:
    return () if role.boundary is None else (role.boundary,)


def _reached(stack: Stack, sessions: Sequence[Session]) -> list[Reach]:
    found: list[Reach] = []
    for each in sessions:
        try:
            found.append(_reach(each))
        except Undecided as error:
            stack.undecided.append(f"rights of role {each.name}: {error}")
    return found


def _reach(session: Session) -> Reach:
    def why(arn: str) -> tuple[str, ...]:
        action, statement = session.rights.why(arn)
        return *session.lets_in, f"{statement} ({action})"

    return Reach(session.namespace, f"role {session.name}", session.rights.any_allowed(), why)


def _where(stack: Stack) -> str:
    """Return the part of ARNs before the name, as the policies spell it."""
    for role in stack.roles.values():
        for statement in role.policies:
            for resource in statement.resources:
                if found := _ARN.match(resource):
                    return found[0]
    return EXAMPLE
