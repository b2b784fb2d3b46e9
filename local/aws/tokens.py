"""Makes MiniStack's STS verify web-identity tokens, which it would accept unverified."""

from __future__ import annotations

import html
import uuid
from collections.abc import Callable
from typing import Any

import jwt

from local.aws.web_identity import RefusedError, with_single_audience


def verify_tokens(sts: Any, verify: Callable[[str, str], dict[str, Any]]) -> None:
    """Make MiniStack's STS decide by the claims that ``verify`` returns for account and token, or refuse as it does.

    MiniStack accepts a call in more forms than AWS: JSON, compressed, parameters twice, any content type. All reach the
    function that is wrapped here. It is private, so the version of MiniStack is pinned.
    """
    decide = sts._web_identity_trust_denied  # noqa: SLF001 — where MiniStack decides, and only there

    def denied(role: str, parameters: dict[str, Any], use_json: bool) -> Any:
        (token, *_) = parameters.get("WebIdentityToken") or [""]
        try:
            claims = verify((role.split(":") + [""] * 5)[4], token)
        except RefusedError as refusal:
            return sts._error(400, refusal.code, html.escape(refusal.message), ns="sts")  # noqa: SLF001 — its own form of a refusal
        # MiniStack reads the claims and nothing else of the token
        verified = jwt.encode(with_single_audience(claims), uuid.uuid4().hex, algorithm="HS256")
        return decide(role, {**parameters, "WebIdentityToken": [verified]}, use_json)

    sts._web_identity_trust_denied = denied  # noqa: SLF001 — as above
