"""Trust in tokens without an audience, or by a pattern."""

from tests.infra.policy.cases.case import Case, one
from tests.infra.policy.cases.cloud_resources import (
    EXACT,
    ISSUER,
    ROLE,
    SUBJECT,
    credential,
    document,
    jwt,
    kubernetes_role,
    role,
)

TRUST = [
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
