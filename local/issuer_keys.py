"""The public keys of clusters' issuers, as a cloud fetches them."""

from __future__ import annotations

import json
import ssl
import urllib.request
from pathlib import Path

import jwt


class IssuerKeys:
    """The issuers' public keys, found as OpenID Connect Discovery 1.0 says and kept until an unknown key id appears."""

    def __init__(self, authority: Path) -> None:
        self._context = ssl.create_default_context(cafile=str(authority))
        self._clients: dict[str, jwt.PyJWKClient] = {}

    def key(self, issuer: str, token: str) -> jwt.PyJWK:
        """The key that this issuer says it signed the token with."""
        if issuer not in self._clients:
            url = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
            with urllib.request.urlopen(url, context=self._context, timeout=5) as answer:  # noqa: S310 — a registered https issuer
                discovery = json.load(answer)
            if discovery["issuer"] != issuer:
                raise ValueError(f"{url} is of issuer {discovery['issuer']}, expected {issuer}")
            self._clients[issuer] = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=self._context)
        return self._clients[issuer].get_signing_key_from_jwt(token)
