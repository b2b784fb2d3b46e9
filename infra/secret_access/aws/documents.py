"""What a role may do: the permissions documents, as pure functions of names. Who may assume it: trust.py.

Sources: IAM User Guide, "IAM JSON policy elements" and "IAM and AWS STS quotas"; Secrets Manager User Guide,
"Permissions policy examples", "Replicate secrets across Regions" and "Secret encryption and decryption"; KMS Developer
Guide, "kms:ViaService" and "kms:EncryptionContext".
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..checks import Access
from .identifiers import Account, Role

Document = dict[str, Any]

READ_ACTIONS = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
WRITE_ACTIONS = (
    "secretsmanager:CreateSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:DeleteSecret",
)
NAMESPACE_TAG = "${aws:PrincipalTag/kubernetes-namespace}"
"""The caller's namespace in a policy: EKS tags each session with it (EKS User Guide, "Grant Pods access to AWS
resources based on tags")."""


def secret_arns(account: Account, region: str, prefix: str) -> str:
    """Return the ARN pattern of every secret under `prefix`, in one region of the account."""
    return f"arn:{account.partition}:secretsmanager:{region}:{account.account_id}:secret:{prefix}*"


def secret_arn(account: Account, region: str, name: str) -> str:
    """Return the ARN pattern of one secret: AWS adds `-` and six characters of its own to the name."""
    return secret_arns(account, region, f"{name}-").removesuffix("*") + "??????"


def secrets_policy(
    account: Account,
    region: str,
    prefix: str,
    access: Access = Access.READ,
    kms_key_arns: Sequence[str] = (),
    replica_regions: Sequence[str] = (),
    exact_names: Sequence[str] = (),
) -> Document:
    """Allow the secrets under one prefix, and to read those of the exact names, and nothing else.

    Replicas can be read, and are written by AWS alone.

    Keys are usable only through Secrets Manager of these regions, and only for ciphertexts of these secrets: Secrets
    Manager puts the secret's ARN into the encryption context.
    """
    regions = [region, *replica_regions]
    own = secret_arns(account, region, prefix)
    readable = [
        *(secret_arns(account, each, prefix) for each in regions),
        *(secret_arn(account, each, name) for each in regions for name in exact_names),
    ]
    services = [f"secretsmanager.{each}.amazonaws.com" for each in regions]
    writes = access is Access.READ_WRITE
    statements: list[Mapping[str, Any]] = [
        {"Sid": "ReadOwnSecrets", "Effect": "Allow", "Action": list(READ_ACTIONS), "Resource": _one_or_all(readable)}
    ]
    if writes:
        statements.append({"Sid": "WriteOwnSecrets", "Effect": "Allow", "Action": list(WRITE_ACTIONS), "Resource": own})
    if kms_key_arns:
        statements.append(
            {
                "Sid": "KeysOfOwnSecrets",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"] if writes else ["kms:Decrypt"],
                "Resource": list(kms_key_arns),
                "Condition": {
                    # .amazonaws.com in every partition, China's too (KMS Developer Guide, "kms:ViaService")
                    "StringEquals": {"kms:ViaService": _one_or_all(services)},
                    "StringLike": {"kms:EncryptionContext:SecretARN": _one_or_all(readable)},
                },
            }
        )
    return document(*statements)


def target_role_policy(target: Role) -> Document:
    """Allow one role to be assumed, and nothing else (EKS User Guide, "Access AWS Resources using EKS Pod Identity
    Target IAM Roles").
    """
    actions = ["sts:AssumeRole", "sts:TagSession"]
    return document({"Sid": "BecomeTargetRole", "Effect": "Allow", "Action": actions, "Resource": target.arn})


def document(*statements: Mapping[str, Any]) -> Document:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def render(document: Document) -> str:
    """Return the document as JSON, the same text for the same document."""
    return json.dumps(document)


def compact(document: Document) -> str:
    """Return the document as JSON without white space, which IAM does not count and a session policy need not have."""
    return json.dumps(document, separators=(",", ":"))


def _one_or_all(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items
