"""Trust of AWS's roles that lets more in than it seems to."""

from typing import Any

import pytest

from secret_access.proof.preview import Resource

from .documents import ISSUER, Document, namespaces, permissions, role, role_policy
from .outcomes import outcome, sub

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
PROVIDER: Document = {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"}


def trusting(*statements: Document) -> list[Resource]:
    """The namespace test, and a role of prod with this trust."""
    prod = role("prod", {"Statement": list(statements)})
    return [*namespaces("test"), prod, role_policy("prod", permissions("prod/"))]


def web_identity(effect: str = "Allow", principal: object = None, **condition: Any) -> Document:
    found = {key.replace("_", ":"): value for key, value in condition.items()}
    return {"Effect": effect, "Action": WEB_IDENTITY, "Principal": principal or PROVIDER, "Condition": found}


@pytest.mark.parametrize(
    "statements",
    [
        [web_identity(ForAllValues_StringEquals={"other.example:sub": sub("prod")})],
        [web_identity(), web_identity("Deny", ForAnyValue_StringNotEquals={"other.example:sub": "x"})],
        [web_identity(principal={"AWS": "*"})],
    ],
    ids=["ForAllValues holds without its key", "ForAnyValue does not", "anybody of AWS"],
)
def test_a_trust_that_lets_everybody_in_is_a_breach(statements: list[Document]) -> None:
    assert outcome(trusting(*statements)) == "breach"


def test_a_trust_of_tokens_with_and_without_a_subject_is_of_all() -> None:
    assert outcome(trusting(web_identity(Null={f"{ISSUER}:sub": ["true", "false"]}))) == "breach"
