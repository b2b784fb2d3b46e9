"""Vault's settings: the vault command's own names, refused with key, value and the form expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from secret_sidecar.errors import SettingsError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.hashicorp.settings import HashicorpSettings
from secret_sidecar.vaults.hashicorp.store import open_store

pytestmark = pytest.mark.anyio

MINIMUM = {"SECRETS_BACKEND": "vault", "VAULT_ADDR": "https://vault.example:8200"}


def settings_of(**variables: str) -> Settings:
    return Settings.from_environment({**MINIMUM, **variables}, Path("/nonexistent"))


async def test_the_settings() -> None:
    """Those of the vault command under its own names, OpenBao's too."""
    vault = settings_of().vault_as(HashicorpSettings)
    assert (str(vault.address), vault.mount, vault.auth_path) == ("https://vault.example:8200", "secret", "jwt")
    settings = settings_of(
        VAULT_ADDR="",
        BAO_ADDR="http://127.0.0.1:8200",
        BAO_NAMESPACE="team/a/",
        VAULT_TOKEN="s3cr3t",
        SECRETS_VAULT_MOUNT="/team/kv/",
    )
    vault = settings.vault_as(HashicorpSettings)
    assert (str(vault.address), vault.namespace, vault.mount) == ("http://127.0.0.1:8200", "team/a", "team/kv")
    assert "s3cr3t" not in repr(settings)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"VAULT_ADDR": ""}, "VAULT_ADDR is not set: expected an address, such as 'https://vault.example:8200'"),
        ({"VAULT_ADDR": "vault:8200"}, "VAULT_ADDR='vault:8200': expected http:// or https://"),
        ({"SECRETS_VAULT_MOUNT": "a/../b"}, "SECRETS_VAULT_MOUNT='a/../b': expected a path such as 'secret'"),
        ({"SECRETS_VAULT_AUTH_PATH": "a b"}, "SECRETS_VAULT_AUTH_PATH='a b': expected a path such as"),
        ({"SECRETS_VAULT_ROLE": "a/b"}, "SECRETS_VAULT_ROLE='a/b': expected a role's name"),
        ({"SECRETS_VAULT_ROLE": "test"}, "SECRETS_VAULT_JWT_FILE is not set though SECRETS_VAULT_ROLE is"),
        ({"SECRETS_VAULT_JWT_FILE": "/t"}, "SECRETS_VAULT_ROLE is not set though SECRETS_VAULT_JWT_FILE is"),
        (
            {"VAULT_CLIENT_CERT": "/c"},
            "VAULT_CLIENT_KEY is not set though VAULT_CLIENT_CERT is: expected both or neither",
        ),
        ({"BAO_CLIENT_KEY": "/k"}, "VAULT_CLIENT_CERT is not set though VAULT_CLIENT_KEY is: expected both or neither"),
        (
            {"VAULT_ADDR": "http://vault:8200", "VAULT_CLIENT_CERT": "/c", "VAULT_CLIENT_KEY": "/k"},
            "VAULT_CLIENT_CERT is set though VAULT_ADDR='http://vault:8200' has no TLS: expected https://",
        ),
        ({"VAULT_NAMESPACE": ".."}, "VAULT_NAMESPACE='..': expected a path such as"),
        ({"SECRETS_NAMES": "test/A"}, "SECRETS_NAMES: secret name 'test/A': expected lowercase"),
    ],
)
async def test_a_wrong_setting(variables: dict[str, str], message: str) -> None:
    """With key, value and the form expected."""
    with pytest.raises(SettingsError) as refusal:
        settings_of(**variables)
    assert str(refusal.value).startswith(message)


async def test_no_identity_at_all(tmp_path: Path) -> None:
    """A sidecar that could never read does not start, nor one whose certificates are none."""
    with pytest.raises(
        SettingsError, match="no token for Vault: expected SECRETS_VAULT_ROLE and SECRETS_VAULT_JWT_FILE"
    ):
        open_store(settings_of(HOME=str(tmp_path)))
    with pytest.raises(SettingsError, match="no token for Vault"):
        open_store(settings_of())
    with pytest.raises(SettingsError, match=r"VAULT_CACERT='/nonexistent'.*expected a file of PEM certificates"):
        open_store(settings_of(VAULT_CACERT="/nonexistent", VAULT_TOKEN="s.x"))
