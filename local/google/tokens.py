"""Who somebody is: STS's exchange of a cluster's token, impersonation of a service account, and access tokens.

https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import jwt

from local.google.errors import RefusedError
from local.google.policies import granted
from local.google.project import CLOUD_PLATFORM, AccessToken, Project, Provider, members
from local.http_service import Reply, Request

IAM = "https://www.googleapis.com/auth/iam"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (a type, no token)
WANTED = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "requested_token_type": ACCESS_TOKEN,
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
}


def exchange(project: Project, form: dict[str, str]) -> Reply:
    """Exchange a cluster's token for one of the principal that it is."""
    if wrong := [name for name, value in WANTED.items() if form.get(name) != value]:
        return _oauth_error("invalid_request", f"Invalid {wrong[0]}.")
    audience = form.get("audience", "")
    provider = project.provider(audience)
    if provider is None:
        return _oauth_error("invalid_target", "Invalid audience.")
    try:
        claims = _claims(project, provider, form["subject_token"])
    except (jwt.PyJWTError, OSError, ValueError) as error:
        return _oauth_error("invalid_grant", str(error))
    who = members(audience, claims["sub"])
    return bearer(project, who, max(who), form["scope"])


def bearer(project: Project, who: frozenset[str], identity: str, scope: str) -> Reply:
    """Answer with a new access token as OAuth does."""
    token = project.issue(who, identity, scope)
    document = {"access_token": token, "token_type": "Bearer", "expires_in": project.lifetime}
    return Reply({**document, "issued_token_type": ACCESS_TOKEN})


def impersonate(project: Project, email: str, request: Request) -> Reply:
    """Give a token of a service account to who may impersonate it."""
    who = caller(project, request, {IAM, CLOUD_PLATFORM})
    permission = "iam.serviceAccounts.getAccessToken"
    if not granted(permission, project.account_bindings.get(email, []), who.members, {}):
        raise RefusedError(403, f"Permission '{permission}' denied on resource (or it may not exist).")
    expires = datetime.fromtimestamp(time.time() + project.lifetime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = project.issue(frozenset({f"serviceAccount:{email}"}), f"{email} by {who.identity}", *request.json["scope"])
    return Reply({"accessToken": token, "expireTime": expires})


def caller(project: Project, request: Request, scopes: set[str]) -> AccessToken:
    """Who sent a request, by a token with one of the scopes."""
    token = project.tokens.get(request.bearer)
    if token is None or token.expires < time.time():
        raise RefusedError(401, "Request had invalid authentication credentials.")
    if token.scope not in scopes:
        message = "Request had insufficient authentication scopes."
        raise RefusedError(403, message, reason="ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    return token


def _claims(project: Project, provider: Provider, token: str) -> dict[str, Any]:
    """The claims of a token, once signature, issuer, audience and times are verified; else jwt.PyJWTError."""
    claims: dict[str, Any] = jwt.decode(
        token,
        _key(project, provider, token),
        algorithms=["RS256", "ES256"],
        issuer=provider.issuer,
        audience=provider.audiences,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )
    return claims


def _key(project: Project, provider: Provider, token: str) -> jwt.PyJWK:
    if provider.jwks is None:
        return project.keys(provider.issuer, token)
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(provider.jwks).keys}
    key = keys.get(jwt.get_unverified_header(token).get("kid"))
    if key is None:
        raise jwt.InvalidSignatureError("no such key")
    return key


def _oauth_error(code: str, description: str) -> Reply:
    return Reply({"error": code, "error_description": description}, 400)
