"""Secrets for everybody, and all secrets at once: what each cloud's documents say. Pure.

Sources: IAM User Guide, "AWS JSON policy elements: Principal"; IAM, "Principal identifiers" (Google Cloud); Azure RBAC,
"Understand scope" and "Built-in roles for Security"; https://developer.hashicorp.com/vault/docs/concepts/policies.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..azure.documents import SECRETS_OFFICER, SECRETS_USER
from ..proof.aws.rights import ACTIONS
from ..proof.aws.statements import Statement
from ..proof.azure.documents import OTHER_ASSIGNMENTS
from ..proof.errors import DocumentError
from ..proof.gcp.members import EVERYBODY
from ..proof.preview import Resource
from ..proof.vault.documents import POLICY
from ..proof.vault.policies import VALUES, Path, paths
from . import aws_documents
from .google_bindings import Binding, bindings
from .rule import Options

ROLE_ASSIGNMENTS = ("azure-native:authorization:RoleAssignment", *OTHER_ASSIGNMENTS)
ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
"""Key Vault Administrator."""
KEY_VAULT_ROLES = {
    SECRETS_USER: "Key Vault Secrets User",
    SECRETS_OFFICER: "Key Vault Secrets Officer",
    ADMINISTRATOR: "Key Vault Administrator",
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": "Key Vault Certificate User",
}
_VAULT_SCOPE = re.compile(r"/providers/microsoft\.keyvault/vaults/[^/]+", re.IGNORECASE)
_LIMITS = re.compile(
    r"(aws:principal(account|arn|orgid|orgpaths|tag/.*)|kms:calleraccount|aws:source(account|arn))", re.IGNORECASE
)
_TAGGED = re.compile(r"(aws|secretsmanager):resourcetag/.*", re.IGNORECASE)
_SECRET = 7
"""Parts of a secret's ARN, between colons."""


def principals(resource: Resource, _options: Options) -> Iterator[str]:
    """Yield what lets everybody in, or everybody of a pool."""
    for statement in (*aws_documents.trust(resource), *aws_documents.of_resource(resource)):
        wild = [each for names in statement.principals.values() for each in names if "*" in each]
        is_limited = any(_LIMITS.fullmatch(each.key) and "Not" not in each.operator for each in statement.conditions)
        if statement.is_allow and (wild or statement.is_not_principal) and not is_limited:
            who = f"the principal {wild[0]}" if wild else "every principal but some"
            yield f"{statement.name} allows {who}"
    for binding in bindings(resource):
        for member in binding.members:
            if member in EVERYBODY or (member.startswith("principalSet:") and member.endswith("/*")):
                yield f"{binding.role} is granted to {member}"


def resources(resource: Resource, _options: Options) -> Iterator[str]:
    """Yield what lets somebody use the secrets of all."""
    for statement in aws_documents.identity(resource):
        wild = _wild_secrets(statement)
        if wild is not None:
            yield f"{statement.name} allows Secrets Manager on {wild}"
    yield from (_shown(binding) for binding in bindings(resource) if binding.is_for_secrets and binding.is_unlimited)
    yield from _azure(resource)
    yield from _vault(resource)


def _wild_secrets(statement: Statement) -> str | None:
    is_for_values = any(action.lower() in statement.actions for action in ACTIONS)
    is_tagged = any(_TAGGED.fullmatch(each.key) and each.operator == "StringEquals" for each in statement.conditions)
    if not statement.is_allow or not is_for_values or is_tagged:
        return None
    if statement.are_excluded:
        return f"all but {', '.join(statement.resources)}"
    return next((each for each in statement.resources if _is_wild(each)), None)


def _is_wild(arn: str) -> bool:
    """Whether a pattern of ARNs matches secrets of other regions or accounts, or names without a prefix and a slash."""
    if arn.startswith("*"):
        return True
    parts = arn.split(":", _SECRET - 1)
    if len(parts) > 2 and not fnmatchcase("secretsmanager", parts[2]):
        return False
    if len(parts) < _SECRET:
        return "*" in arn
    name = parts[-1]
    head, star, _ = name.partition("*")
    return any("*" in part for part in parts[:-1]) or (bool(star) and (not head.endswith("/") or head == "/"))


def _shown(binding: Binding) -> str:
    return f"{binding.role} is granted on {binding.place} without a condition on the secrets' names"


def _azure(resource: Resource) -> Iterator[str]:
    if resource.type not in ROLE_ASSIGNMENTS:
        return
    role = (resource.text("roleDefinitionId") or "").rpartition("/")[2].lower()
    named = KEY_VAULT_ROLES.get(role) or resource.text("roleDefinitionName")
    scope = resource.text("scope")
    if named in KEY_VAULT_ROLES.values() and scope is not None and not _VAULT_SCOPE.search(scope):
        yield f"{named} is granted on {scope}, so on every vault in it"


def _vault(resource: Resource) -> Iterator[str]:
    text = resource.text("policy") if resource.type == POLICY else None
    try:
        found = [] if text is None else paths(resource.name, text)
    except DocumentError:
        return
    for path in found:
        if path.capabilities & VALUES and "deny" not in path.capabilities and _is_bare(path):
            yield f"path {path.path!r} allows {', '.join(sorted(path.capabilities))} on the secrets of all"


def _is_bare(path: Path) -> bool:
    """Whether a wildcard stands where a prefix with its slash should be, behind the mount."""
    head = re.split(r"[*+]", path.path, maxsplit=1)[0]
    if head == path.path:
        return False
    segments = [each for each in head.split("/")[:-1] if each]
    if segments[1:2] in (["data"], ["metadata"]):
        del segments[1]
    return not head.endswith("/") or len(segments) < 2
