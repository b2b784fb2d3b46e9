"""A document over HTTPS, from real TLS servers: no certificate is taken that does not hold."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from secret_access.preflight import https
from tests.fakes.server import Reply, Server
from tests.infra.preflight.served import served
from tests.sidecar.support.certificates import Authority

DOCUMENT = {"issuer": "https://issuer.example"}


def fetched(tls: ssl.SSLContext, authorities: Path | None) -> https.Served:
    """What a server with this certificate gives, or why not."""
    with served(server := Server(lambda _: Reply(DOCUMENT), tls)):
        return https.fetch(server.url, str(authorities) if authorities else None)


def test_a_certificate_that_holds_is_taken(tmp_path: Path) -> None:
    """Of an authority that is given."""
    authority = Authority(tmp_path)
    assert fetched(authority.server(), authority.bundle).document == DOCUMENT


def test_a_certificate_that_has_ended_is_not(tmp_path: Path) -> None:
    """Clouds refuse it as well, and every token with it."""
    authority = Authority(tmp_path)
    with pytest.raises(https.NotServed, match="certificate has expired"):
        fetched(authority.server(days=-1), authority.bundle)


def test_a_certificate_of_another_host_or_of_an_authority_that_was_not_given_is_not(tmp_path: Path) -> None:
    """As clouds see it."""
    authority = Authority(tmp_path)
    with pytest.raises(https.NotServed, match=r"(?i)hostname mismatch"):
        fetched(authority.server("issuer.example"), authority.bundle)
    with pytest.raises(https.NotServed, match="certificate verify failed"):
        fetched(authority.server(), None)
