"""Everybody as principal, and every secret as resource."""

import json

from tests.infra.policy.cases.case import Case, one
from tests.infra.policy.cases.cloud_resources import (
    ASSIGNMENT,
    EXACT,
    GROUP,
    ONE_POD,
    POOL,
    PROJECT_MEMBER,
    READER,
    ROLE,
    ROLE_POLICY,
    SECRET_MEMBER,
    SECRETS_USER,
    arns,
    google_account,
    granted,
    reading,
    trust,
    vault_policy,
)

WILDCARDS = [
    Case(
        "wildcard-principal",
        "a secret's own policy",
        "it",
        "allows the principal *",
        one("aws:secretsmanager/secretPolicy:SecretPolicy", policy=reading("*", Principal="*")),
        one(
            "aws:secretsmanager/secretPolicy:SecretPolicy",
            policy=reading("*", Principal={"AWS": "arn:aws:iam::111122223333:role/backup"}),
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
        {
            **google_account("kiosk"),
            **one(
                "gcp:serviceaccount/iAMPolicy:IAMPolicy",
                serviceAccountId="kiosk@shop.iam.gserviceaccount.com",
                policyData=json.dumps({"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [ONE_POD]}]}),
            ),
        },
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
            inlinePolicies=[{"name": "own", "policy": reading(arns("shop/*"), arns("shop/exact-??????"))}],
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
        one(ASSIGNMENT, roleDefinitionId=SECRETS_USER, scope=GROUP),
        one(ASSIGNMENT, roleDefinitionId=READER, scope=GROUP),
    ),
    Case(
        "wildcard-resource",
        "Vault's bare wildcard",
        "it",
        "path 'secret/data/*' allows read",
        vault_policy("secret/data/*", "read"),
        vault_policy("secret/data/shop/*", "read"),
    ),
]
