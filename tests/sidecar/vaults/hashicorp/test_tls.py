"""TLS with Vault: whom we trust, and the certificate that we show, judged by a real OpenBao."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from secret_sidecar.errors import (
    IdentityUnavailable,
    SettingsError,
)
from secret_sidecar.vaults.hashicorp.store import open_store
from tests.sidecar.conftest import rewrite, soon
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.conftest import SettingsOf, outcome
from tests.sidecar.vaults.hashicorp.openbao import OpenBao

pytestmark = pytest.mark.anyio


async def test_tls(bao: OpenBao, authority: Authority, settings_of: SettingsOf) -> None:
    """VAULT_CACERT names who is trusted; without it the server is not, and nothing is sent."""
    store = open_store(settings_of(VAULT_ADDR=bao.tls_url, VAULT_CACERT=str(authority.bundle)))
    assert await outcome(store, "test/database-password") == "hunter2-test"
    await store.close()
    store = open_store(settings_of(VAULT_ADDR=bao.tls_url))
    with pytest.raises(IdentityUnavailable, match="not trusted"):
        await store.get("test/database-password", soon())
    await store.close()


async def test_mutual_tls(bao: OpenBao, authority: Authority, settings_of: SettingsOf) -> None:
    """VAULT_CLIENT_CERT and VAULT_CLIENT_KEY are shown to a server that wants to know who connects."""
    authority.server("client")
    pem = str(authority.bundle.parent / "client-1.pem")
    trusted = {"VAULT_ADDR": bao.mutual_tls_url, "VAULT_CACERT": str(authority.bundle)}
    store = open_store(settings_of(**trusted, VAULT_CLIENT_CERT=pem, VAULT_CLIENT_KEY=pem))
    assert await outcome(store, "test/database-password") == "hunter2-test"
    await store.close()
    store = open_store(settings_of(**trusted, SECRETS_TIMEOUT="1"))
    assert await outcome(store, "test/database-password") in {"IdentityDelayed", "IdentityTimedOut"}
    await store.close()


async def test_a_client_certificate_that_is_renewed(
    bao: OpenBao, authority: Authority, settings_of: SettingsOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next connection shows the new one."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.FIRST_PAUSE", 0.0)
    Authority(tmp_path).server("other")
    authority.server("client")
    pem = tmp_path / "other-1.pem"
    trusted = {"VAULT_ADDR": bao.mutual_tls_url, "VAULT_CACERT": str(authority.bundle), "SECRETS_TIMEOUT": "1"}
    store = open_store(settings_of(**trusted, VAULT_CLIENT_CERT=str(pem), VAULT_CLIENT_KEY=str(pem)))
    assert await outcome(store, "test/database-password") in {"IdentityDelayed", "IdentityTimedOut"}
    rewrite(pem, (authority.bundle.parent / "client-1.pem").read_bytes())
    async with asyncio.timeout(60):  # the first that a busy machine makes in a second
        while (found := await outcome(store, "test/database-password")) != "hunter2-test":
            assert found in {"IdentityDelayed", "IdentityTimedOut"}
    await store.close()


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----", None], ids=["empty", "broken", "encrypted"])
async def test_a_client_certificate_that_is_none(
    content: bytes | None, bao: OpenBao, authority: Authority, settings_of: SettingsOf, tmp_path: Path
) -> None:
    """The error names the variables, and nobody is asked for a key's password."""
    key = ec.generate_private_key(ec.SECP256R1())
    form, encryption = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"s3cr3t")
    (pem := tmp_path / "client.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, encryption) if content is None else content
    )
    certificate = authority.bundle if content is None else pem
    with pytest.raises(
        SettingsError, match=r"VAULT_CLIENT_CERT='.*' and VAULT_CLIENT_KEY='.*': .*; expected a PEM cert"
    ):
        open_store(
            settings_of(VAULT_ADDR=bao.mutual_tls_url, VAULT_CLIENT_CERT=str(certificate), VAULT_CLIENT_KEY=str(pem))
        )
