"""A fake AWS for the shared mode: callers' tokens, and an STS that gives each token its own namespace's role."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws import FakeAws, Reply, Request, sts_error

TEMPLATE = "arn:aws:iam::111122223333:role/blue-{namespace}"
"""SECRETS_SHARED_ROLE_ARN: the role that the fake STS gives a namespace's token."""


def part(document: object) -> str:
    """A part of a JSON Web Token."""
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(namespace: str, number: int = 1, *, account: str = "app", lifetime: float = 3600.0, **claims: Any) -> str:
    """A ServiceAccount's token, signed with what only the fake STS knows not to check."""
    said = {
        "aud": ["sts.amazonaws.com"],
        "exp": int(time.time() + lifetime),
        "iss": "https://issuer.example",
        "kubernetes.io": {
            "namespace": namespace,
            "pod": {"name": f"app-{number}"},
            "serviceaccount": {"name": account},
        },
        "sub": f"system:serviceaccount:{namespace}:{account}",
    } | claims
    return f"{part({'alg': 'RS256'})}.{part(said)}.{part(f'signature-{namespace}-{number}'.encode())}"


def _ends(given: str) -> float:
    """When a token ends."""
    claims = given.split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(f"{claims}==="))["exp"])


@dataclass
class SharedAws(FakeAws):
    """A fake whose STS gives each token it knows its own namespace's role, and its role its own prefix."""

    roles: dict[str, str] = field(default_factory=dict)

    def know(self, given: str, role: str) -> str:
        """Let a token assume a role."""
        self.roles[given] = TEMPLATE.replace("{namespace}", role)
        self.tokens.add(given)
        return given

    def sts(self, request: Request) -> Reply:
        """AssumeRoleWithWebIdentity."""
        form = request.form
        role = form["RoleArn"]
        if _ends(form["WebIdentityToken"]) <= self.clock():
            self.assumed.append(form)
            return sts_error("ExpiredTokenException")
        if form["WebIdentityToken"] in self.tokens and self.roles.get(form["WebIdentityToken"]) != role:
            self.assumed.append(form)
            return sts_error("AccessDenied", 403)
        self.prefixes = (f"{role.rpartition('blue-')[2]}/",)
        self.allowed_roles.add(role)
        return super().sts(request)
