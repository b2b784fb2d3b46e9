"""Trust in tokens: each cloud's, without an audience or by a pattern. Pure.

Sources: IAM User Guide, "Available keys for AWS OIDC federation" and "IAM JSON policy elements: Condition operators";
https://developer.hashicorp.com/vault/api-docs/auth/jwt, https://developer.hashicorp.com/vault/api-docs/auth/kubernetes;
Entra, "Important considerations and restrictions for federated identity credentials".
"""

from collections.abc import Iterator

from ..proof.aws.statements import Condition, Statement
from ..proof.aws.trust import WEB_IDENTITY
from ..proof.preview import Resource
from . import aws_documents
from .manifests import known, mapping, texts
from .rule import Options

FEDERATED_CREDENTIALS = (
    "azure-native:managedidentity:FederatedIdentityCredential",
    "azure:armmsi/federatedIdentityCredential:FederatedIdentityCredential",
    "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential",
    "azuread:index/applicationFlexibleFederatedIdentityCredential:ApplicationFlexibleFederatedIdentityCredential",
)
JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
KUBERNETES_ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"
_PROVIDER = ":oidc-provider/"
_OF_KUBERNETES = "kubernetes.io/"
"""In the claims of a ServiceAccount's token, beside `sub`."""
_ACCOUNTS = "system:serviceaccount:"
_EXACT = ("StringEquals", "StringEqualsIgnoreCase", "StringLike")
"""Operators that a request without the key does not pass; StringLike is exact where its values have no wildcard."""


def without_audience(resource: Resource, _options: Options) -> Iterator[str]:
    """Yield what trusts tokens that are for somebody else."""
    for statement in _web_identity(resource):
        if not any(_is_exact(each) for each in _about(statement, ":aud")):
            yield f"{statement.name} has no exact condition on :aud, so a token made for another service is accepted"
    is_for_anybody = not any(resource.inputs.get(key) for key in ("audiences", "audience"))
    if resource.type in FEDERATED_CREDENTIALS and is_for_anybody:
        yield "the federated credential has no audiences, so a token made for another service is accepted"
    if _is_jwt_role(resource) and not resource.inputs.get("boundAudiences"):
        yield "the role has no bound_audiences, so a token made for another service is accepted"
    if resource.type == KUBERNETES_ROLE and not resource.inputs.get("audience"):
        yield "the role has no audience, so any token of a ServiceAccount is accepted, even one for the API server"


def by_pattern(resource: Resource, _options: Options) -> Iterator[str]:
    """Yield what trusts more than one ServiceAccount that is spelled out."""
    for statement in _web_identity(resource):
        yield from _aws_subjects(statement)
    for statement in aws_documents.trust(resource):
        yield from _session_tags(statement)
    if resource.type in FEDERATED_CREDENTIALS:
        given = resource.inputs.get("claimsMatchingExpression")
        expression = known(mapping(given).get("value")) or known(given)
        if " matches " in (expression or ""):
            yield f"the federated credential matches claims by a pattern: {expression}"
    if _is_jwt_role(resource):
        yield from _jwt_subjects(resource)
    if resource.type == KUBERNETES_ROLE:
        for key in ("boundServiceAccountNamespaces", "boundServiceAccountNames"):
            wild = [each for each in texts(resource.inputs.get(key)) if "*" in each]
            if wild:
                yield f"{key} holds {wild[0]!r}, so ServiceAccounts that nobody named can log in"


def _web_identity(resource: Resource) -> Iterator[Statement]:
    """Yield the statements by which tokens of OIDC providers get a role."""
    for statement in aws_documents.trust(resource):
        providers = statement.principals.get("Federated", ())
        is_of_oidc = any(_PROVIDER in each or each == "*" for each in providers)
        if statement.is_allow and WEB_IDENTITY in statement.actions and is_of_oidc:
            yield statement


def _aws_subjects(statement: Statement) -> Iterator[str]:
    found = _about(statement, ":sub")
    if any(_is_exact(each) for each in found):
        return
    if not found:
        yield f"{statement.name} has no condition on :sub, so every ServiceAccount of the cluster gets the role"
    for each in found:
        if any(value.startswith((_ACCOUNTS, "*")) for value in each.values) or "Equals" in each.operator:
            yield (
                f"{statement.name} compares :sub by {each.operator} with {', '.join(each.values)}, "
                "which more than one ServiceAccount can match"
            )


def _session_tags(statement: Statement) -> Iterator[str]:
    for each in statement.conditions:
        if each.key.lower().startswith("aws:requesttag/kubernetes-") and not _is_exact(each):
            yield f"{statement.name} compares {each.key} by {each.operator} with {', '.join(each.values)}"


def _jwt_subjects(resource: Resource) -> Iterator[str]:
    exact, claims = resource.inputs.get("boundSubject"), mapping(resource.inputs.get("boundClaims"))
    is_glob = resource.inputs.get("boundClaimsType") == "glob"
    for claim, value in claims.items() if is_glob else ():
        if claim == "sub" or _OF_KUBERNETES in claim:
            wild = known(value) or ""
            if "*" in wild:
                more = "which more than one ServiceAccount can match"
                yield f"bound_claims compares {claim} by a pattern, {wild!r}, {more}"
    if not exact and not claims:
        yield "the role has no bound_subject, so every ServiceAccount of the cluster can log in"


def _is_jwt_role(resource: Resource) -> bool:
    """Whether it is a role for tokens that programs bring: people log in by OIDC."""
    return resource.type == JWT_ROLE and resource.inputs.get("roleType", "oidc") == "jwt"


def _about(statement: Statement, claim: str) -> list[Condition]:
    return [each for each in statement.conditions if each.key.lower().endswith(claim)]


def _is_exact(condition: Condition) -> bool:
    is_like = condition.operator == "StringLike"
    return condition.operator in _EXACT and not (is_like and any(set(value) & set("*?") for value in condition.values))
