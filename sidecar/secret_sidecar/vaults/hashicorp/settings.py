"""Vault's part of the settings, under the names that its own command line reads where there are any.

Sources: https://developer.hashicorp.com/vault/docs/commands#environment-variables,
https://openbao.org/docs/commands/#environment-variables (the same as BAO_…)
"""

# ruff: noqa: RUF009 (each default is a dataclasses.field)

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from secret_names import vaults
from secret_names.vaults import Spelling
from secret_sidecar.env_fields import both_or_neither, file, file_name, printable, read, setting
from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_client.tls import ClientCertificate

TOKEN_HELPER_FILE = ".vault-token"  # noqa: S105 (in the home folder, where `vault login` leaves what it got)
_CLIENT_VARIABLES = ("VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY")
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_ROLE = re.compile(r"[\w.-]{1,128}", re.ASCII)


def _path(text: str) -> str:
    path = text.strip("/")
    if not _PATH.fullmatch(path):
        raise ValueError("a path such as 'secret' or 'team/kv'")
    return path


def _role(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise ValueError("a role's name, letters, digits and '_.-'")
    return text


def _template(text: str) -> str:
    filled = text.replace("{namespace}", "n").replace("{service_account}", "s")
    if "{namespace}" not in text or not _ROLE.fullmatch(filled):
        raise ValueError("a role's name with {namespace}, such as 'blue-{namespace}'")
    return text


@dataclass(frozen=True, kw_only=True)
class HashicorpSettings:
    """Where Vault is, and how the sidecar gets its token."""

    spelling: ClassVar[Spelling] = vaults.VAULT

    address: Origin | None = setting(
        "VAULT_ADDR BAO_ADDR", "the vault's address, such as https://vault.example:8200 (required)", Origin.parse, None
    )
    namespace: str = setting("VAULT_NAMESPACE BAO_NAMESPACE", "Vault's own namespace, where it has some", _path)
    ca_cert: str | None = setting(
        "VAULT_CACERT BAO_CACERT", "PEM certificates to trust; else SSL_CERT_FILE, else the system's", file_name, None
    )
    client_cert: str | None = setting(
        "VAULT_CLIENT_CERT BAO_CLIENT_CERT", "a PEM certificate to show to Vault (mutual TLS)", file_name, None
    )
    client_key: str | None = setting("VAULT_CLIENT_KEY BAO_CLIENT_KEY", "its key, in PEM", file_name, None)
    mount: str = setting("SECRETS_VAULT_MOUNT", "the mount path of the KV version 2 engine", _path, "secret")
    auth_path: str = setting("SECRETS_VAULT_AUTH_PATH", "the mount path of JWT auth", _path, "jwt")
    role: str = setting("SECRETS_VAULT_ROLE", "the role to log in with", _role)
    shared_role: str = setting(
        "SECRETS_SHARED_VAULT_ROLE", "in shared mode, each caller's role, with {namespace} in it (required)", _template
    )
    jwt_file: Path | None = setting(
        "SECRETS_VAULT_JWT_FILE", "the projected ServiceAccount token to log in with", file, None
    )
    token: str = setting("VAULT_TOKEN BAO_TOKEN", "a token of Vault's, used instead of a role", printable, secret=True)
    home: Path | None = setting(
        "HOME", "the folder of .vault-token, which `vault login` writes; used if nothing else is set", Path, None
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> HashicorpSettings:
        """Return the settings, or raise SettingsError with key, value and the form expected."""
        values = read(cls, environment)
        if values["address"] is None:
            raise SettingsError("VAULT_ADDR is not set: expected an address, such as 'https://vault.example:8200'")
        given = {"SECRETS_VAULT_ROLE": values["role"], "SECRETS_VAULT_JWT_FILE": values["jwt_file"]}
        both_or_neither("SECRETS_VAULT_ROLE", "SECRETS_VAULT_JWT_FILE", given)
        shown = dict(zip(_CLIENT_VARIABLES, (values["client_cert"], values["client_key"]), strict=True))
        both_or_neither(*_CLIENT_VARIABLES, shown)
        if values["client_cert"] and values["address"].scheme != "https":
            raise SettingsError(
                f"VAULT_CLIENT_CERT is set though VAULT_ADDR='{values['address']}' has no TLS: expected https://"
            )
        return cls(**values)

    @property
    def client_certificate(self) -> ClientCertificate | None:
        """What is shown to Vault, if anything."""
        if self.client_cert is None or self.client_key is None:
            return None
        return ClientCertificate(self.client_cert, self.client_key, _CLIENT_VARIABLES)
