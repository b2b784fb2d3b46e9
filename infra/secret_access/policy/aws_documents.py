"""The policy documents of AWS's resources, in every place that they stand. Pure.

Sources: the pages of `aws.iam`, `aws.secretsmanager` and `aws.kms` in Pulumi's registry.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..proof.aws.statements import Statement, statements
from ..proof.errors import DocumentError
from ..proof.preview import Resource

ROLE = "aws:iam/role:Role"
IDENTITY_POLICIES = (
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
)
"""What an identity may do."""
RESOURCE_POLICIES = (
    "aws:kms/externalKey:ExternalKey",
    "aws:kms/key:Key",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:kms/replicaExternalKey:ReplicaExternalKey",
    "aws:kms/replicaKey:ReplicaKey",
    "aws:secretsmanager/secret:Secret",
    "aws:secretsmanager/secretPolicy:SecretPolicy",
)
"""Who may use a secret, or the key that it is encrypted with."""


def trust(resource: Resource) -> tuple[Statement, ...]:
    """Return the statements of a role's trust."""
    return _read(resource, "assumeRolePolicy", "trust") if resource.type == ROLE else ()


def identity(resource: Resource) -> Iterator[Statement]:
    """Yield the statements of policies about what an identity may do, inline ones of roles among them."""
    if resource.type in IDENTITY_POLICIES:
        yield from _read(resource, "policy", "policy")
    inline = resource.inputs.get("inlinePolicies") if resource.type == ROLE else None
    for number, each in enumerate(inline if isinstance(inline, list) else (), 1):
        if isinstance(each, Mapping):
            nested = Resource(resource.urn, resource.type, each, {})
            yield from _read(nested, "policy", f"inline policy {nested.text('name') or number}")


def of_resource(resource: Resource) -> tuple[Statement, ...]:
    """Return the statements of a secret's or a key's own policy."""
    return _read(resource, "policy", "policy") if resource.type in RESOURCE_POLICIES else ()


def _read(resource: Resource, key: str, called: str) -> tuple[Statement, ...]:
    """Return the statements; none of what is known only later, or is no document: AWS refuses that itself."""
    document: Any = resource.text(key)
    try:
        return () if document is None else statements(called, document)
    except DocumentError:
        return ()
