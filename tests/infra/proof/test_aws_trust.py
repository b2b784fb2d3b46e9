"""Trust of AWS's roles that lets more in than it seems to."""

from typing import Any

import pytest

from secret_access.proof.aws import stack
from secret_access.proof.preview import Resource

from .documents import ISSUER, Document, namespaces, permissions, resource, role, role_policy
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


PIPELINES = [
    "api.bitbucket.org/2.0/workspaces/shop/pipelines-config/identity/oidc",
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "api.pulumi.com/oidc",
    "agent.buildkite.com",
    "oidc.circleci.com/org/0000",
    "vstoken.dev.azure.com/0000",
]


def for_audience(issuer: str) -> list[Resource]:
    """A namespace, and an administrator that tokens of an issuer become by their audience alone."""
    provider = {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"}
    statement = web_identity(principal=provider, StringEquals={f"{issuer}:aud": "shop"})
    deploys = role("deploys", {"Version": "2012-10-17", "Statement": statement}, description=None)
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    attached = resource(stack.ATTACHMENT, "att", role="secret-access-deploys", policyArn=administrator)
    return [*namespaces("test"), deploys, attached]


@pytest.mark.parametrize("issuer", PIPELINES)
def test_a_role_of_pipelines_is_none_of_pods(issuer: str) -> None:
    """No ServiceAccount has a token of theirs."""
    assert outcome(for_audience(issuer)) == "isolated"


@pytest.mark.parametrize("issuer", [ISSUER, "gitlab.com.example", "example/gitlab.com", "gitlab.example"])
def test_a_role_of_another_issuers_tokens_by_their_audience_is_of_all_pods(issuer: str) -> None:
    assert outcome(for_audience(issuer)) == "breach"
