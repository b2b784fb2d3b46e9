"""Programs with a mistake, each beside the same without it: what the rules, and the real engine, judge.

A program is resources by name, each a type and its inputs as Pulumi has them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secret_access.proof.preview import Resource

Program = Mapping[str, tuple[str, Mapping[str, Any]]]
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"
POOL = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/blue"
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/shop-1a2b3c4d"
SUBJECT = "system:serviceaccount:shop:secret-access"


@dataclass(frozen=True)
class Case:
    """A mistake: which rule finds it, with which resource, in which words."""

    rule: str
    name: str
    resource: str
    says: str
    wrong: Program
    right: Program


def resources(program: Program, prefix: str = "") -> list[Resource]:
    """The resources of a program, as a rule sees them."""
    return [Resource(urn(type_, prefix + name), type_, inputs, {}) for name, (type_, inputs) in program.items()]


def urn(type_: str, name: str) -> str:
    """The URN in a stack of the tests."""
    return f"urn:pulumi:only::inline::{type_}::{name}"


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


def one(type_: str, **inputs: Any) -> Program:
    """A program of one resource."""
    return {"it": (type_, inputs)}


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
SECRETS_USER = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"


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


ONE_POD = f"{POOL}/subject/{SUBJECT}"
CLOUDS = [
    Case(
        "wildcard-principal",
        "a secret's own policy",
        "it",
        "allows the principal *",
        one("aws:secretsmanager/secretPolicy:SecretPolicy", policy=reading("*", Principal="*")),
        one(
            "aws:secretsmanager/secretPolicy:SecretPolicy",
            policy=reading("*", Principal={"AWS": "arn:aws:iam::111122223333:role/shop"}),
        ),
    ),
    Case(
        "wildcard-principal",
        "a role's trust",
        "it",
        "trust, statement One allows the principal *",
        one(ROLE, name="shop", assumeRolePolicy=trust(EXACT, {"Federated": "*"})),
        one(ROLE, name="shop", assumeRolePolicy=trust(EXACT)),
    ),
    Case(
        "wildcard-principal",
        "Google's allUsers",
        "it",
        "roles/secretmanager.secretAccessor is granted to allUsers",
        granted(SECRET_MEMBER, "allUsers", secretId="shop--key"),
        granted(SECRET_MEMBER, ONE_POD, secretId="shop--key"),
    ),
    Case(
        "wildcard-principal",
        "a whole pool in a policy document",
        "it",
        "is granted to principalSet://",
        one(
            "gcp:serviceaccount/iAMPolicy:IAMPolicy",
            serviceAccountId="shop",
            policyData=json.dumps(
                {
                    "bindings": [
                        {
                            "role": "roles/iam.workloadIdentityUser",
                            "members": [POOL.replace("principal:", "principalSet:") + "/*"],
                        }
                    ]
                }
            ),
        ),
        one(
            "gcp:serviceaccount/iAMPolicy:IAMPolicy",
            serviceAccountId="shop",
            policyData=json.dumps({"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [ONE_POD]}]}),
        ),
    ),
    Case(
        "wildcard-resource",
        "a role's policy",
        "it",
        "allows Secrets Manager on *",
        one(ROLE_POLICY, role="shop", policy=reading("*")),
        one(ROLE_POLICY, role="shop", policy=reading(arns("shop/*"))),
    ),
    Case(
        "wildcard-resource",
        "an inline policy, as an object, without the closing slash",
        "it",
        "inline policy own, statement One allows Secrets Manager on arn:aws:secretsmanager:us-east-1:",
        one(
            ROLE,
            name="shop",
            assumeRolePolicy=trust(EXACT),
            inlinePolicies=[{"name": "own", "policy": reading(arns("shop*"))}],
        ),
        one(
            ROLE,
            name="shop",
            assumeRolePolicy=trust(EXACT),
            inlinePolicies=[{"name": "own", "policy": reading(arns("shop/*"), arns("exact-??????"))}],
        ),
    ),
    Case(
        "wildcard-resource",
        "Google's project",
        "it",
        "is granted on the project without a condition",
        granted(PROJECT_MEMBER, ONE_POD, project="shop"),
        granted(
            PROJECT_MEMBER,
            ONE_POD,
            project="shop",
            condition={"title": "own", "expression": 'resource.name.startsWith("projects/1/secrets/shop--")'},
        ),
    ),
    Case(
        "wildcard-resource",
        "Azure's resource group",
        "it",
        "Key Vault Secrets User is granted on /subscriptions/",
        one(ASSIGNMENT, roleDefinitionId=SECRETS_USER, scope=GROUP, principalId="1"),
        one(ASSIGNMENT, roleDefinitionId=SECRETS_USER, scope=VAULT, principalId="1"),
    ),
    Case(
        "wildcard-resource",
        "Vault's bare wildcard",
        "it",
        "path 'secret/data/*' allows read",
        vault_policy("secret/data/*", "read"),
        vault_policy("secret/data/shop/*", "read"),
    ),
    Case(
        "trust-without-audience",
        "AWS",
        "it",
        "trust, statement One has no exact condition on :aud",
        role(StringEquals={f"{ISSUER}:sub": SUBJECT}),
        role(**EXACT),
    ),
    Case(
        "trust-without-audience",
        "AWS, with an operator that a missing claim passes",
        "it",
        "has no exact condition on :aud",
        role(
            StringEquals={f"{ISSUER}:sub": SUBJECT},
            StringEqualsIfExists={f"{ISSUER}:aud": "sts.amazonaws.com"},
        ),
        role(**EXACT),
    ),
    Case(
        "trust-without-audience",
        "Azure",
        "it",
        "the federated credential has no audiences",
        credential(audiences=[]),
        credential(),
    ),
    Case(
        "trust-without-audience",
        "Vault's JWT auth",
        "it",
        "the role has no bound_audiences",
        jwt(boundAudiences=None),
        jwt(),
    ),
    Case(
        "trust-without-audience",
        "Vault's Kubernetes auth",
        "it",
        "the role has no audience",
        kubernetes_role(audience=None),
        kubernetes_role(),
    ),
    *(
        Case(
            "trust-by-pattern",
            f"AWS, by {operator}",
            "it",
            f"compares :sub by {operator}",
            role(
                StringEquals={f"{ISSUER}:aud": "sts.amazonaws.com"},
                **{operator: {f"{ISSUER}:sub": "system:serviceaccount:*:secret-access"}},
            ),
            role(**EXACT),
        )
        for operator in ("StringLike", "StringEqualsIfExists", "ForAnyValue:StringLike", "ForAllValues:StringEquals")
    ),
    Case(
        "trust-by-pattern",
        "AWS, without a subject",
        "it",
        "has no condition on :sub",
        role(StringEquals={f"{ISSUER}:aud": "sts.amazonaws.com"}),
        role(**EXACT),
    ),
    Case(
        "trust-by-pattern",
        "EKS Pod Identity",
        "it",
        "compares aws:RequestTag/kubernetes-namespace by StringLike with *",
        one(
            ROLE,
            name="shop",
            assumeRolePolicy=document(
                Principal={"Service": "pods.eks.amazonaws.com"},
                Action=["sts:AssumeRole", "sts:TagSession"],
                Condition={"StringLike": {"aws:RequestTag/kubernetes-namespace": "*"}},
            ),
        ),
        one(
            ROLE,
            name="shop",
            assumeRolePolicy=document(
                Principal={"Service": "pods.eks.amazonaws.com"},
                Action=["sts:AssumeRole", "sts:TagSession"],
                Condition={"StringEquals": {"aws:RequestTag/kubernetes-namespace": "shop"}},
            ),
        ),
    ),
    Case(
        "trust-by-pattern",
        "Azure's flexible credential",
        "it",
        "matches claims by a pattern",
        credential(
            subject=None,
            claimsMatchingExpression={"value": "claims['sub'] matches 'system:serviceaccount:*'", "languageVersion": 1},
        ),
        credential(),
    ),
    Case(
        "trust-by-pattern",
        "Vault's JWT auth",
        "it",
        "bound_claims compares sub by a pattern",
        jwt(boundSubject=None, boundClaimsType="glob", boundClaims={"sub": "system:serviceaccount:*"}),
        jwt(boundSubject=None, boundClaims={"sub": SUBJECT}),
    ),
    Case(
        "trust-by-pattern",
        "Vault's JWT auth, without a subject",
        "it",
        "the role has no bound_subject",
        jwt(boundSubject=None),
        jwt(),
    ),
    Case(
        "trust-by-pattern",
        "Vault's Kubernetes auth",
        "it",
        "boundServiceAccountNamespaces holds '*'",
        kubernetes_role(boundServiceAccountNamespaces=["*"]),
        kubernetes_role(),
    ),
]
CASES: Iterable[Case] = [*CLOUDS]
