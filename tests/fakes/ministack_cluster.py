"""MiniStack whose STS verifies the tokens of one cluster, for `python -m tests.fakes.ministack_cluster KEYS CA`.

KEYS is the URL of the cluster's public keys, CA the file with the certificates of whoever serves them.
"""

from __future__ import annotations

import ssl
import sys
from typing import Any

import jwt

from local.aws.tokens import verify_tokens
from local.aws.web_identity import Provider, verify
from local.issuer_keys import IssuerKeys


class Keys(IssuerKeys):
    """The keys of the only issuer that there is, whose URL nobody serves."""

    def __init__(self, url: str, authority: str) -> None:
        self._client = jwt.PyJWKClient(url, ssl_context=ssl.create_default_context(cafile=authority))

    def key(self, _issuer: str, token: str) -> jwt.PyJWK:
        """The key that a token says it is signed with."""
        return self._client.get_signing_key_from_jwt(token)


def main(url: str, authority: str) -> None:
    """Serve, with the settings that MiniStack takes from the environment."""
    import ministack.app as ministack  # reads its settings when imported
    from ministack.services import iam, sts

    keys = Keys(url, authority)

    def claims_of(account: str, token: str) -> dict[str, Any]:
        def find(issuer: str) -> Provider | None:
            arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
            found = iam._oidc_providers._data.get((account, arn))  # its version is pinned
            return Provider(found["Url"], tuple(found["ClientIDList"])) if found else None

        return verify(token, find, keys)

    verify_tokens(sts, claims_of)
    sys.argv = ["ministack"]
    ministack.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
