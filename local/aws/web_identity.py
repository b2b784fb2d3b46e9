"""What AWS STS checks of a web-identity token before it looks at any trust policy, and MiniStack does not.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from local.issuer_keys import IssuerKeys


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
