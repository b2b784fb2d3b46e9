"""A running shared service: its settings, its certificate, and how a caller asks it."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secret_sidecar.http_client.origin import Origin
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from tests.fakes.aws import REGION, FakeAws
from tests.fakes.aws_shared import TEMPLATE
from tests.sidecar.support.caller import Got
from tests.sidecar.support.certificates import Authority

HOST = "localhost"


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
