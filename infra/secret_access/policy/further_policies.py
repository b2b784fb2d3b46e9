"""What else an identity of pods is given, and gets every secret by. Pure.

Sources: AWS Managed Policy Reference; IAM, "Basic and predefined roles" (Google Cloud); Azure
RBAC, "Azure built-in roles for Privileged";
https://developer.hashicorp.com/vault/docs/concepts/policies#root-policy.
"""

from collections.abc import Iterator, Mapping, Sequence

from ..proof.aws import stack as aws
from ..proof.aws.managed_policies import OF_EVERY_SECRET
from ..proof.aws.statements import Statement
from ..proof.aws.trust import EKS, WEB_IDENTITY
from ..proof.errors import DocumentError
from ..proof.gcp.roles import TAKING
from ..proof.preview import Resource
from .google_bindings import bindings
from .manifests import texts
from .rule import Found, Options
from .trust import FEDERATED_CREDENTIALS, JWT_ROLE, KUBERNETES_ROLE
from .wildcards import ROLE_ASSIGNMENTS

_BY_AWS = ":iam::aws:policy/"
ESCALATING = (
    "iam:AttachRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "sts:AssumeRole",
)
"""On every resource, each makes a role into another."""
ATTACHMENTS: Mapping[str, tuple[str, str]] = {
    aws.ATTACHMENT: ("role", "policyArn"),
    aws.EXCLUSIVE: ("roleName", "policyArns"),
    aws.ROLE: ("", "managedPolicyArns"),
}
"""The inputs with a role, itself where empty, and with the ARNs of policies."""
GOOGLE_ROLES = TAKING | {"roles/editor"}
_OF_PODS = ("/subject/system:serviceaccount:", "/subject/ns/", ".svc.id.goog[", "/namespace/")
AZURE_ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}


def that_widen(resources: Sequence[Resource], _options: Options) -> Iterator[Found]:
    """Yield what widens the identities of pods that are among the resources."""
    yield from _aws(resources)
    with_credentials = {
        urn
        for each in resources
        if each.type in FEDERATED_CREDENTIALS
        for key in ("resourceName", "parentId", "applicationId")
        for urn in each.depends_on.get(key, ())
    }
    for each in resources:
        for binding in bindings(each):
            pods = [member for member in binding.members if any(sign in member for sign in _OF_PODS)]
            if pods and binding.role in GOOGLE_ROLES and binding.is_unlimited:
                yield Found(f"{pods[0]} has {binding.role} on {binding.place}", each.urn)
        if each.type in ROLE_ASSIGNMENTS and with_credentials.intersection(each.depends_on.get("principalId", ())):
            given = (each.text("roleDefinitionId") or "").rpartition("/")[2].lower()
            role = AZURE_ROLES.get(given) or each.text("roleDefinitionName")
            if role in AZURE_ROLES.values():
                yield Found(f"an identity of pods is {role} of {each.text('scope') or 'a scope'}", each.urn)
        if each.type in (JWT_ROLE, KUBERNETES_ROLE) and "root" in texts(each.inputs.get("tokenPolicies")):
            yield Found(f"Vault's role {each.text('roleName') or each.name} has the policy root", each.urn)


def _aws(resources: Sequence[Resource]) -> Iterator[Found]:
    try:
        stack = aws.read(resources)
    except DocumentError:
        return
    of_pods = {urn: role for urn, role in stack.roles.items() if any(map(_lets_pods_in, role.trust))}
    for each in resources:
        if each.type == aws.SEVERAL:
            for name in _of_every_secret(each, "policyArn"):
                yield Found(
                    f"{each.name} attaches {name} of AWS's own to {_listed(each.inputs.get('roles'))}", each.urn
                )
        role, key = _attached(stack, each)
        if role is not None and role.urn in of_pods:
            who = f"the role {role.name}, which pods get,"
            yield from (Found(f"{who} has {name} of AWS's own", each.urn) for name in _of_every_secret(each, key))
    for role in of_pods.values():
        yield from (Found(what, role.urn) for what in _escalating(role.policies))


def _attached(stack: aws.Stack, each: Resource) -> tuple[aws.Role | None, str]:
    """Return the role that a resource attaches policies to, and the input with their ARNs."""
    role_key, key = ATTACHMENTS.get(each.type, ("", ""))
    return stack.role_of(each, role_key) if role_key else stack.roles.get(each.urn), key


def _escalating(policies: Sequence[Statement]) -> Iterator[str]:
    for statement in policies:
        actions = [action for action in ESCALATING if action.lower() in statement.actions]
        if statement.is_allow and actions and ("*" in statement.resources or statement.are_excluded):
            yield f"{statement.name} allows {actions[0]} on every role"


def _lets_pods_in(statement: Statement) -> bool:
    by_eks = EKS in statement.principals.get("Service", ())
    return statement.is_allow and (by_eks or WEB_IDENTITY in statement.actions)


def _of_every_secret(each: Resource, key: str) -> list[str]:
    arns = texts(each.inputs.get(key)) or [each.text(key) or ""]
    return [name for arn in arns if _BY_AWS in arn and (name := arn.rpartition("/")[2]) in OF_EVERY_SECRET]


def _listed(roles: object) -> str:
    return ", ".join(texts(roles)) or "several roles"
