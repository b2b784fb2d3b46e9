"""AWS Secrets Manager as a provider of the External Secrets Operator. Pure.

https://external-secrets.io/latest/provider/aws-secrets-manager/
"""

from typing import Any


def provider(account_name: str, region: str) -> dict[str, Any]:
    """Return the provider of a SecretStore: the ServiceAccount's annotation `eks.amazonaws.com/role-arn` has the role.

    Without `auth`, the operator would use an identity of its own.
    """
    auth = {"jwt": {"serviceAccountRef": {"name": account_name}}}
    return {"aws": {"service": "SecretsManager", "region": region, "auth": auth}}
