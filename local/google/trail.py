"""The trail of the fake: which call it was, by whom, and how it ended.

https://cloud.google.com/secret-manager/docs/audit-logging
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from local.google.apis import EXCHANGE
from local.google.project import Project
from local.http_service import Reply, Request
from local.trail import Call

READ = "secretmanager.AccessSecretVersion"
"""The action that is the read of a secret's value, and not of its metadata."""
_VERBS = {"GET": "Get", "POST": "Create", "PATCH": "Update", "DELETE": "Delete"}
_SECRET = re.compile(r"/v1/projects/[^/]+(?:/locations/[^/]+)?/secrets/([^/:]+)(/versions/[^/:]+)?(?::([a-zA-Z]+))?")


def call_of(project: Project, request: Request, reply: Reply) -> Call:
    """The line of a call: neither a value nor a token is in it."""
    action, name = _action(request)
    token = project.tokens.get(request.bearer)
    return Call(
        time=datetime.now(UTC).isoformat(),
        request_id="",
        client=request.client,
        action=action,
        identity=token.identity if token else "",
        name=name,
        status=reply.status,
        code=_code(reply.document),
    )


def _action(request: Request) -> tuple[str, str]:
    """What was done with which secret; with anything else, the method, the path, and no secret."""
    found = _SECRET.fullmatch(request.path)
    if found is None:
        return ("sts.ExchangeToken" if request.path == EXCHANGE else f"{request.method} {request.path}"), ""
    thing = "SecretVersion" if found[2] or found[3] == "addVersion" else "Secret"
    verbs = {"access": "Access", "addVersion": "Add", "getIamPolicy": "GetIamPolicy", "setIamPolicy": "SetIamPolicy"}
    verb = verbs.get(found[3], _VERBS.get(request.method, request.method))
    return f"secretmanager.{verb if 'IamPolicy' in verb else verb + thing}", found[1].replace("--", "/")


def _code(document: Any) -> str:
    """google.rpc.Status's status, or OAuth's error."""
    if isinstance(document, bytes):
        try:
            document = json.loads(document)
        except ValueError:
            return ""
    error = document.get("error", "") if isinstance(document, dict) else ""
    return str(error.get("status", "")) if isinstance(error, dict) else str(error)
