"""A cluster's issuer of ServiceAccount tokens: the key that signs them, and the key set to verify them with."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


class Issuer:
    """Signs what is asked, as a cluster's API server would; `url` is the tokens' `iss`."""

    def __init__(self, url: str = "https://issuer.example/") -> None:
        self.url = url
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def jwks(self) -> dict[str, Any]:
        """What is found at the issuer's jwks_uri."""
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**public, "kid": "key-1", "use": "sig", "alg": "RS256"}]}

    def token(self, subject: str, audience: str, *, lifetime: int = 600, issuer: str | None = None, **more: Any) -> str:
        """A token valid for `lifetime` seconds, or expired as long ago if that is negative; `more` are claims."""
        now = int(time.time())
        issued = now if lifetime > 0 else now + lifetime - 600
        claims = {
            "iss": issuer or self.url,
            "sub": subject,
            "aud": [audience],
            "iat": issued,
            "nbf": issued,
            "exp": now + lifetime,
            **more,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "key-1"})


def verified(token: str, jwks: dict[str, Any], issuer: str, audience: str) -> dict[str, Any]:
    """The claims of a token, once signature, issuer, audience and times are verified; else jwt.InvalidTokenError."""
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(jwks).keys}
    key = keys.get(jwt.get_unverified_header(token).get("kid"))
    if key is None:
        raise jwt.InvalidSignatureError("no such key")
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        issuer=issuer,
        audience=audience,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )
    return claims
