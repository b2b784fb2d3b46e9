"""Commands of a program that change who reads which secret: what they do is said, not read. Pure.

Sources: `command` in Pulumi's registry; `azure-native`, "AzureCliScript" and "AzurePowerShellScript"; the references of
aws, eksctl, gcloud, az, Azure PowerShell and vault.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from .preview import Resource

_SCRIPTS: Mapping[str, Sequence[str]] = {
    "command:local:Command": ("create", "update", "stdin"),
    "command:remote:Command": ("create", "update", "stdin"),
    "azure-native:resources:AzureCliScript": ("scriptContent",),
    "azure-native:resources:AzurePowerShellScript": ("scriptContent",),
}
_CONTINUED = re.compile(r"[\\`]\r?\n")
_WITHIN = r"\b[^\n;|&]*?\s"
"""What stands between a program and its subcommand, on one line."""
_AWS_IAM = (
    r"(put|attach|detach|delete)-(role|user|group)-policy|(put|delete)-role-permissions-boundary|create-(role|policy)"
    r"|create-policy-version|set-default-policy-version|update-assume-role-policy|create-access-key|add-user-to-group"
    r"|create-open-id-connect-provider"
)
_CHANGES: Mapping[str, str] = {
    "aws": (
        rf"aws{_WITHIN}iam\s+({_AWS_IAM})\b"
        rf"|aws{_WITHIN}(secretsmanager\s+put-resource-policy|kms\s+(put-key-policy|create-grant))\b"
        rf"|aws{_WITHIN}eks\s+((create|update)-(access-entry|pod-identity-association)|associate-access-policy)\b"
        r"|eksctl\s+create\s+(accessentry|iamidentitymapping|iamserviceaccount|podidentityassociation)\b"
    ),
    "gcp": (
        rf"gcloud{_WITHIN}((add|set)-iam-policy(-binding)?|iam\s+roles\s+(create|update)"
        r"|iam\s+service-accounts\s+keys\s+create|workload-identity-pools\s+providers\s+(create|update)-\w+)(?![\w-])"
    ),
    "azure": (
        rf"az{_WITHIN}(role\s+(assignment|definition)\s+(create|update)|federated-credential\s+(create|update)"
        r"|keyvault\s+set-policy|aks\s+pod-identity\s+add)\b"
        rf"|az{_WITHIN}rest\b[^\n;|&]*\b(roleAssignments|federatedIdentityCredentials|accessPolicies)\b"
        r"|(New|Set)-Az(RoleAssignment|RoleDefinition|KeyVaultAccessPolicy|FederatedIdentityCredentials?)\b"
    ),
    "vault": (
        r"(vault|bao)\s+policy\s+write\b"
        rf"|(vault|bao)\s+(write|patch){_WITHIN}/?(sys/polic\w+/|identity/|auth/(?!\S+/login\b|token/))\S+"
    ),
}
"""By cloud, what changes rights there; a login changes none."""


def changes(cloud: str, each: Resource) -> Iterator[str]:
    """Yield a line for each script of a resource that changes who reads secrets of a cloud."""
    type_ = re.sub(r"(azure-native)(_\w+)?:(\w+)(/v\w+)?:", r"\1:\3:", each.type)
    for key in _SCRIPTS.get(type_, ()):
        given = each.text(key)
        found = None if given is None else re.search(rf"(?<![\w.-])({_CHANGES[cloud]})", _CONTINUED.sub(" ", given))
        if found:
            yield f"{each.name} of type {each.type}: `{' '.join(found[0].split())}` in its {key} is not read"
