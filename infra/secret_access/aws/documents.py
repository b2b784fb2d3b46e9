"""The IAM documents, as pure functions of names: who may assume the role, and what the role may do.

Sources: IAM User Guide, "IAM JSON policy elements"; EKS User Guide, "IAM roles for service accounts";
Secrets Manager User Guide, "Permissions policy examples" and "Secret encryption and decryption";
KMS Developer Guide, "kms:ViaService" and "kms:EncryptionContext".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..checks import Access

AUDIENCE = "sts.amazonaws.com"
Document = dict[str, Any]


@dataclass(frozen=True)
class OidcProvider:
    """An IAM OIDC provider: the parts of its ARN."""

    partition: str
    account_id: str
    issuer: str
    """The issuer's URL without `https://`, as IAM spells it in condition keys."""

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:oidc-provider/{self.issuer}"


READ_ACTIONS = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
WRITE_ACTIONS = (
    "secretsmanager:CreateSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:DeleteSecret",
)


def secret_arns(provider: OidcProvider, region: str, prefix: str) -> str:
    """Return the ARN pattern of every secret under `prefix`, in one region of the provider's account."""
    return f"arn:{provider.partition}:secretsmanager:{region}:{provider.account_id}:secret:{prefix}*"


def trust_policy(provider: OidcProvider, token_subject: str) -> Document:
    """Trust only this ServiceAccount's tokens, and only those with AWS's audience.

    Without the audience a token that a pod hands to any other service could be replayed at STS.
    """
    return _document(
        {
            "Sid": "OneServiceAccount",
            "Effect": "Allow",
            "Principal": {"Federated": provider.arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{provider.issuer}:sub": token_subject, f"{provider.issuer}:aud": AUDIENCE},
            },
        }
    )


def secrets_policy(
    provider: OidcProvider,
    region: str,
    prefix: str,
    access: Access = Access.READ,
    kms_key_arns: Sequence[str] = (),
) -> Document:
    """Allow the namespace's own secrets and nothing else.

    Keys are usable only through Secrets Manager of this region, and only for ciphertexts of these secrets: Secrets
    Manager puts the secret's ARN into the encryption context.
    """
    secrets = secret_arns(provider, region, prefix)
    writes = access is Access.READ_WRITE
    statements: list[Mapping[str, Any]] = [
        {"Sid": "ReadOwnSecrets", "Effect": "Allow", "Action": list(READ_ACTIONS), "Resource": secrets}
    ]
    if writes:
        statements.append(
            {"Sid": "WriteOwnSecrets", "Effect": "Allow", "Action": list(WRITE_ACTIONS), "Resource": secrets}
        )
    if kms_key_arns:
        statements.append(
            {
                "Sid": "KeysOfOwnSecrets",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"] if writes else ["kms:Decrypt"],
                "Resource": list(kms_key_arns),
                "Condition": {
                    # .amazonaws.com in every partition, China's too (KMS Developer Guide, "kms:ViaService")
                    "StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"},
                    "StringLike": {"kms:EncryptionContext:SecretARN": secrets},
                },
            }
        )
    return _document(*statements)


def render(document: Document) -> str:
    """Return the document as JSON, the same text for the same document."""
    return json.dumps(document)


def _document(*statements: Mapping[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
