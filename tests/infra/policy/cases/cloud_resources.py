"""Resources of the clouds that cases are made of."""

import json
from collections.abc import Mapping
from typing import Any

from tests.infra.policy.cases.case import Program, one

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"
POOL = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/blue"
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/shop-1a2b3c4d"
SUBJECT = "system:serviceaccount:shop:secret-access"
ONE_POD = f"{POOL}/subject/{SUBJECT}"
EXACT = {"StringEquals": {f"{ISSUER}:sub": SUBJECT, f"{ISSUER}:aud": "sts.amazonaws.com"}}
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
KUBERNETES_ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
SECRET_MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
ACCESSOR = "roles/secretmanager.secretAccessor"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
READER = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
"""Of what is there, and of no secret."""
SECRETS_USER = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"


def arns(pattern: str) -> str:
    """The ARNs of secrets whose names match."""
    return f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{pattern}"


def document(**statement: Any) -> str:
    """An AWS policy of one statement, as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "One", "Effect": "Allow", **statement}]})


def trust(conditions: Mapping[str, Mapping[str, Any]], principal: Any = None) -> str:
    """A role's trust in tokens."""
    federated = {"Federated": PROVIDER} if principal is None else principal
    return document(Principal=federated, Action="sts:AssumeRoleWithWebIdentity", Condition=conditions)


def reading(*patterns: str, **more: Any) -> str:
    """A policy to read secrets."""
    return document(**{"Action": "secretsmanager:GetSecretValue", "Resource": list(patterns), **more})


def role(**conditions: Mapping[str, Any]) -> Program:
    """A role with conditions on tokens."""
    return one(ROLE, name="shop", assumeRolePolicy=trust(conditions))


def jwt(**inputs: Any) -> Program:
    """A role of Vault's JWT auth."""
    given = {"roleType": "jwt", "roleName": "shop", "boundSubject": SUBJECT, "boundAudiences": ["vault"], **inputs}
    return one(JWT_ROLE, **{key: value for key, value in given.items() if value is not None})


def kubernetes_role(**inputs: Any) -> Program:
    """A role of Vault's Kubernetes auth."""
    bound = {"boundServiceAccountNames": ["secret-access"], "boundServiceAccountNamespaces": ["shop"]}
    given = {"roleName": "shop", "audience": "vault", **bound, **inputs}
    return one(KUBERNETES_ROLE, **{key: value for key, value in given.items() if value is not None})


def google_account(account: str) -> Program:
    """A service account of Google's, made in the program."""
    return {"account": ("gcp:serviceaccount/account:Account", {"accountId": account})}


def credential(**inputs: Any) -> Program:
    """A federated credential of a managed identity."""
    given = {"issuer": "https://issuer.example/", "subject": SUBJECT, "audiences": ["api://AzureADTokenExchange"]}
    return one(CREDENTIAL, resourceName="shop", resourceGroupName="shop", **{**given, **inputs})


def granted(type_: str, member: str, role: str = ACCESSOR, **inputs: Any) -> Program:
    """A binding of Google Cloud's."""
    return one(type_, role=role, member=member, **inputs)


def vault_policy(path: str, *capabilities: str) -> Program:
    """A policy of Vault's."""
    return one(
        "vault:index/policy:Policy", name="shop", policy=json.dumps({"path": {path: {"capabilities": capabilities}}})
    )


def subjects(*namespaces: str) -> Mapping[str, Mapping[str, Any]]:
    """Conditions on the ServiceAccounts of namespaces."""
    names = [f"system:serviceaccount:{namespace}:secret-access" for namespace in namespaces]
    return {"StringEquals": {f"{ISSUER}:sub": names, f"{ISSUER}:aud": "sts.amazonaws.com"}}
