"""What AWS STS checks of a web-identity token before it looks at any trust policy, and MiniStack does not.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt


@dataclass(frozen=True)
class Provider:
    """An IAM OIDC identity provider: whom the account believes, and for which audiences."""

    url: str
    audiences: tuple[str, ...]


class RefusedError(Exception):
    """STS's refusal, with its error code and wording."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class IssuerKeys:
    """The issuers' public keys, found as OpenID Connect Discovery 1.0 says and kept until an unknown key id appears."""

    def __init__(self, authority: Path) -> None:
        self._context = ssl.create_default_context(cafile=str(authority))
        self._clients: dict[str, jwt.PyJWKClient] = {}

    def key(self, issuer: str, token: str) -> jwt.PyJWK:
        """The key that this issuer says it signed the token with."""
        if issuer not in self._clients:
            url = f"{issuer}/.well-known/openid-configuration"
            with urllib.request.urlopen(url, context=self._context, timeout=5) as answer:  # noqa: S310 — a registered https issuer
                discovery = json.load(answer)
            if discovery["issuer"] != issuer:
                raise ValueError(f"{url} is of issuer {discovery['issuer']}, expected {issuer}")
            self._clients[issuer] = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=self._context)
        return self._clients[issuer].get_signing_key_from_jwt(token)


def verify(token: str, find_provider: Callable[[str], Provider | None], keys: IssuerKeys) -> dict[str, Any]:
    """The token's claims, if a registered provider signed it for a registered audience and it is still valid.

    ``find_provider`` takes the issuer without its scheme, as in a provider's ARN. Raises `RefusedError`.
    """
    try:
        unverified = jwt.decode(token, options={"verify_signature": False})
        issuer = str(unverified["iss"])
    except (jwt.InvalidTokenError, KeyError):
        raise RefusedError(
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ) from None
    provider = find_provider(issuer.removeprefix("https://"))
    if provider is None:
        raise RefusedError("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")
    try:
        key = keys.key(issuer, token)
    except (OSError, ValueError, KeyError, jwt.PyJWKClientError):
        raise RefusedError(
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider,  please reference "
            "AssumeRoleWithWebIdentity documentation for requirements",
        ) from None
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=list(provider.audiences),
            issuer=issuer,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise RefusedError("ExpiredTokenException", "Token expired") from None
    except jwt.InvalidAudienceError:
        raise RefusedError("InvalidIdentityToken", "Incorrect token audience") from None
    except jwt.InvalidTokenError as error:
        raise RefusedError("InvalidIdentityToken", f"The ID Token provided could not be verified: {error}") from None
    return claims


def with_single_audience(claims: dict[str, Any]) -> dict[str, Any]:
    """A Kubernetes token's audience is a list of one; trust policies compare it as that one string."""
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) == 1:
        return {**claims, "aud": audience[0]}
    return claims
