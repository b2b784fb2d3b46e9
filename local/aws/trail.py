"""The trail of every AWS call, as CloudTrail would have it: who asked, from where, for what, and how it ended."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from local.aws.calls import EXCHANGE, Answer, Request
from local.trail import Call, TrailFile


class Trail:
    """Writes one line per call, and knows whose a key is that was given out in an exchange."""

    def __init__(self, file: Path) -> None:
        self._file = TrailFile(file)
        self._identities: dict[str, str] = {}

    def write(self, request: Request, answer: Answer) -> None:
        """One line."""
        who = request.access_key or ("root" if request.signed else "anonymous")
        identity = self._identities.get(who, who)
        if request.action == EXCHANGE:
            identity = request.parameters.get("RoleArn", "")
            key = re.search(rb"<AccessKeyId>([^<]+)</AccessKeyId>", answer.body)
            arn = re.search(rb"<AssumedRoleUser>.*?<Arn>([^<]+)</Arn>", answer.body, re.DOTALL)
            if key and arn:
                self._identities[key[1].decode()] = identity = arn[1].decode()
        call = Call(
            time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            request_id=answer.request_id,
            client=request.client,
            action=request.action,
            identity=identity,
            name=_secret_id(request.body) if request.action.startswith("secretsmanager.") else "",
            status=answer.status,
            code=_error_code(answer.body) if answer.status >= 400 else "",
        )
        self._file.append(call)


def _error_code(body: bytes) -> str:
    """The error code in an answer of the JSON or of the query protocol."""
    found = re.search(rb'"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"', body) or re.search(rb"<Code>([^<]+)</Code>", body)
    return found[1].decode() if found else ""


def _secret_id(body: bytes) -> str:
    try:
        name = json.loads(body).get("SecretId", "")
    except (ValueError, AttributeError):
        return ""
    return name if isinstance(name, str) else ""
