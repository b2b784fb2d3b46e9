"""OpenBao's audit log as a trail. It has every value and token as an HMAC alone.

https://openbao.org/docs/audit/
"""

from __future__ import annotations

import json
import re
from typing import Any

from local.trail import Call

READ = "kv.read"
"""The action that is the read of a secret's value, and not of its metadata."""
DENIED = "permission denied"
_REASON = re.compile(r"^\s*\* (.+)$", re.MULTILINE)


def call_of(line: str) -> Call | None:
    """The call that a line is about; None for the line of a request, which its answer's line follows."""
    entry = json.loads(line)
    if entry["type"] != "response":
        return None
    request, code = entry["request"], _reason(entry.get("error", ""))
    action, name = _action(request)
    return Call(
        time=entry["time"],
        request_id=request.get("id", ""),
        client=request.get("remote_address", ""),
        action=action,
        identity=_identity(entry.get("auth", {})),
        name=name,
        status=_status(code, entry.get("response", {})),
        code=code,
    )


def _identity(auth: dict[str, Any]) -> str:
    """Whose token it was, with the pod that had logged in where the role takes that from its token."""
    return "/".join(part for part in (auth.get("display_name"), auth.get("metadata", {}).get("pod")) if part)


def _action(request: dict[str, Any]) -> tuple[str, str]:
    """What was done with which secret; with another path of Vault's than those, the path and no secret."""
    start = f"{request.get('mount_point', '')}data/"
    path, operation = str(request.get("path", "")), request["operation"]
    if request.get("mount_type") == "kv" and path.startswith(start):
        return f"kv.{operation}", path.removeprefix(start)
    return f"{operation} {path}", ""


def _reason(error: str) -> str:
    """The first reason, which is what the sidecar has for a code."""
    found = _REASON.search(error)
    return found[1] if found else error.strip()


def _status(code: str, response: dict[str, Any]) -> int:
    """HTTP's status, which the log has not: what it tells is whether there was an error, and an answer."""
    if code:
        return 403 if code == DENIED else 400
    return 200 if "data" in response or "auth" in response else 404
