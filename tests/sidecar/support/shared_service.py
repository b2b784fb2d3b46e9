"""The shared mode's surroundings: callers with tokens, an STS that knows each, and a service with TLS."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from secret_sidecar.http_client.origin import Origin
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from tests.fakes.aws import REGION, FakeAws, Reply, Request, sts_error
from tests.sidecar.support.caller import Got
from tests.sidecar.support.certificates import Authority

HOST = "localhost"
TEMPLATE = "arn:aws:iam::111122223333:role/blue-{namespace}"


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
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        role = form["RoleArn"]
        if form["WebIdentityToken"] in self.tokens and self.roles.get(form["WebIdentityToken"]) != role:
            self.assumed.append(form)
            return sts_error("AccessDenied", 403)
        self.prefixes = (f"{role.rpartition('blue-')[2]}/",)
        self.allowed_roles.add(role)
        return super().sts(request)


@dataclass(frozen=True)
class Service:
    """A running service, asked as a caller does."""

    port: int
    trust: ssl.SSLContext

    async def ask(
        self,
        path: str,
        token: str | None = None,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: object = None,
    ) -> Got:
        """Ask over TLS."""
        given = dict(headers or {})
        if token is not None:
            given.setdefault("Authorization", f"Bearer {token}")
        if body is not None:
            given["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body).encode()
        return await asyncio.to_thread(self._ask, path, method, given, sent)

    def _ask(self, path: str, method: str, headers: dict[str, str], body: bytes | None) -> Got:
        connection = http.client.HTTPSConnection(HOST, self.port, timeout=60, context=self.trust)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Got(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()


def settings_of(aws: FakeAws, certificate: Path, **more: Any) -> Settings:
    """The settings of a shared service in front of the fake."""
    vault = AwsSettings(region=REGION, shared_role_arn=TEMPLATE, endpoint_url=Origin.parse(aws.url))
    given: dict[str, Any] = {
        "backend": "aws",
        "mode": "shared",
        "port": 0,
        "health_port": 0,
        "tls_cert_file": certificate,
        "tls_key_file": certificate,
        "shared_hosts": (HOST, "secrets.platform.svc"),
        "vault": vault,
    }
    return Settings(**given | more)


def certificate_of(authority: Authority, folder: Path, days: int = 1) -> Path:
    """A certificate with its key, in one file."""
    authority.server(HOST, days)
    return folder / f"{HOST}-{days}.pem"
