"""STS: exchanges the token that is in the file now for a session that soon expires."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

from tests.soak.expected_state import MARK, now
from tests.soak.http_server import Reply, Request

REGION = "us-east-1"
ROLE = "arn:aws:iam::111122223333:role/test"
LIFETIME = 12.0
"""Seconds: so short that every run sees many renewals."""
LEEWAY = 5.0
"""Seconds for which a rotated token is still taken, as the kubelet's older token is."""
_XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


@dataclass(slots=True)
class Session:
    """An access key that STS gave out."""

    key: str
    secret: str
    token: str
    expires: float
    revoked: bool = False


@dataclass
class Identity:
    """Tokens and sessions."""

    file: Path
    random: random.Random
    tokens: dict[str, float] = field(default_factory=dict)
    """The tokens that are taken, and until when."""
    sessions: dict[str, Session] = field(default_factory=dict)
    arn: str = ""

    def rotate(self) -> None:
        """Write a new token, whole, as the kubelet does; the one before it is taken for a while yet."""
        for token, until in self.tokens.items():
            self.tokens[token] = min(until, now() + LEEWAY)
        token = f"{MARK}token-{self.random.getrandbits(128):032x}"
        self.tokens[token] = float("inf")
        fresh = self.file.with_suffix(".new")
        fresh.write_text(token)
        fresh.replace(self.file)

    def revoke(self) -> None:
        """Accept no session that was given out so far."""
        for session in self.sessions.values():
            session.revoked = True

    def exchange(self, request: Request) -> Reply:
        """AssumeRoleWithWebIdentity."""
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        if self.tokens.get(form["WebIdentityToken"], 0.0) < now():
            return sts_error("InvalidIdentityToken")
        if form["RoleArn"] != ROLE:
            return sts_error("AccessDenied", 403)
        number = len(self.sessions) + 1
        secret, token = (f"{MARK}{what}-{self.random.getrandbits(128):032x}" for what in ("key", "session"))
        session = Session(f"ASIA{number:016}", secret, token, time.time() + LIFETIME)
        self.sessions[session.key] = session
        self.arn = f"arn:aws:sts::111122223333:assumed-role/test/{form['RoleSessionName']}"
        stamp = datetime.fromtimestamp(session.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = (
            f"<AssumeRoleWithWebIdentityResponse {_XMLNS}><AssumeRoleWithWebIdentityResult><AssumedRoleUser>"
            f"<Arn>{self.arn}</Arn><AssumedRoleId>x</AssumedRoleId></AssumedRoleUser><Credentials>"
            f"<AccessKeyId>{session.key}</AccessKeyId><SecretAccessKey>{session.secret}</SecretAccessKey>"
            f"<SessionToken>{session.token}</SessionToken><Expiration>{stamp}</Expiration></Credentials>"
            f"</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )
        return Reply(200, body.encode(), "text/xml")


def sts_error(code: str, status: int = 400) -> Reply:
    """An error as STS words it."""
    body = (
        f"<ErrorResponse {_XMLNS}><Error><Type>Sender</Type><Code>{code}</Code><Message>no {MARK}</Message></Error>"
        f"<RequestId>sts-request</RequestId></ErrorResponse>"
    )
    return Reply(status, body.encode(), "text/xml")
