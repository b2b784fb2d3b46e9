"""Documents by which a namespace reads another's secrets, or that cannot be judged."""

from tests.infra.policy.cases.case import Case, Program
from tests.infra.policy.cases.cloud_resources import ISSUER, ROLE, ROLE_POLICY, arns, reading, subjects, trust

NO_DOCUMENT = "a document that is none, so nothing can be proven"


def secrets_of(namespace: str, *patterns: str) -> Program:
    """A namespace's role, and the secrets that it may read."""
    return {
        f"{namespace}-role": (ROLE, {"name": namespace, "assumeRolePolicy": trust(subjects(namespace))}),
        f"{namespace}-policy": (ROLE_POLICY, {"role": namespace, "policy": reading(*map(arns, patterns))}),
    }


PROOF = [
    Case(
        "isolation",
        "one namespace's policy names another's prefix",
        "",
        "breaches can use breached/a of breached in aws, as role breaches: trust of breaches, statement One",
        {**secrets_of("breaches", "breaches/*", "breached/*"), **secrets_of("breached", "breached/*")},
        {**secrets_of("breaches", "breaches/*"), **secrets_of("breached", "breached/*")},
    ),
    Case(
        "isolation",
        "a trust in namespaces of which none is named",
        "",
        "in aws, as role anybody: trust of anybody, statement One",
        {
            "role": (
                ROLE,
                {
                    "name": "anybody",
                    "assumeRolePolicy": trust({"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:any*:app"}}),
                },
            ),
            "it": (ROLE_POLICY, {"role": "anybody", "policy": reading(arns("any/*"))}),
        },
        secrets_of("anybody", "anybody/*"),
    ),
    Case(
        "isolation",
        NO_DOCUMENT,
        "",
        "nothing is proven: policy it of unreadable is not JSON",
        {**secrets_of("unreadable", "unreadable/*"), "it": (ROLE_POLICY, {"role": "unreadable", "policy": "none"})},
        secrets_of("unreadable", "unreadable/*"),
    ),
    Case(
        "not-judged",
        "a policy of another stack",
        "",
        "aws: role not-judged has arn:aws:iam::111122223333:policy/other attached, which is not among the documents",
        {
            **secrets_of("not-judged", "not-judged/*"),
            "other": (
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                {"role": "not-judged", "policyArn": "arn:aws:iam::111122223333:policy/other"},
            ),
        },
        secrets_of("not-judged", "not-judged/*"),
    ),
]
