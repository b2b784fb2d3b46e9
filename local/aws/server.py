"""AWS on the laptop: MiniStack, which decides by IAM policies, without what it leaves open.

MiniStack checks request signatures, session tokens, trust policies and identity policies. But it accepts any
web-identity token (tokens.py verifies them), and lets everybody use its root keys and control paths (see guard.py).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from local import config
from local.aws.guard import Guard
from local.aws.tokens import verify_tokens
from local.aws.web_identity import Provider, verify
from local.issuer_keys import IssuerKeys


def main(authority: Path) -> None:
    """Serve AWS on the machine's address until stopped."""
    host, _, port = config.AWS_URL.removeprefix("http://").partition(":")
    # a key of the person's own environment would be one more root key
    os.environ.update(AUTH="true", BIND_HOST=host, GATEWAY_PORT=port, IOT_MTLS_ENABLED="0", AWS_ACCESS_KEY_ID="test")
    import ministack.app as ministack  # noqa: PLC0415 — reads its settings when imported
    from ministack.services import iam, sts  # noqa: PLC0415 — as above

    keys = IssuerKeys(authority)

    def claims_of(account: str, token: str) -> dict[str, Any]:
        def find(issuer: str) -> Provider | None:
            # the only look into MiniStack's own state: the account's OIDC providers
            arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
            found = iam._oidc_providers._data.get((account, arn))  # noqa: SLF001 — nothing public has them
            return Provider(found["Url"], tuple(found["ClientIDList"])) if found else None

        return verify(token, find, keys)

    verify_tokens(sts, claims_of)
    ministack.app = Guard(ministack.app, config.TRAIL)
    sys.argv = ["ministack"]
    ministack.main()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
