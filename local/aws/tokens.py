"""Has MiniStack's STS verify web-identity tokens, which it would believe unread."""

from __future__ import annotations

import html
import uuid
from collections.abc import Callable
from typing import Any

import jwt

from local.aws.web_identity import RefusedError, as_aws_reads_it


def verify_first(sts: Any, believe: Callable[[str, str], dict[str, Any]]) -> None:
    """Have MiniStack's STS decide by the claims that ``believe`` finds in an account and a token, or refuse with it.

    MiniStack takes a call in more spellings than AWS does: JSON, compressed, parameters twice, any content type. They
    all meet in the function that is wrapped here. It is private, and exists in the one version that is pinned.
    """
    decide = sts._web_identity_trust_denied  # noqa: SLF001 — where MiniStack decides, and only there

    def denied(role: str, parameters: dict[str, Any], use_json: bool) -> Any:
        (token, *_) = parameters.get("WebIdentityToken") or [""]
        try:
            claims = believe((role.split(":") + [""] * 5)[4], token)
        except RefusedError as refusal:
            return sts._error(400, refusal.code, html.escape(refusal.message), ns="sts")  # noqa: SLF001 — its own form of a refusal
        # MiniStack reads the claims and nothing else of the token
        verified = jwt.encode(as_aws_reads_it(claims), uuid.uuid4().hex, algorithm="HS256")
        return decide(role, {**parameters, "WebIdentityToken": [verified]}, use_json)

    sts._web_identity_trust_denied = denied  # noqa: SLF001 — as above
