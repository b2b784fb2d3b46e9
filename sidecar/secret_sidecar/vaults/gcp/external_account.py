"""How a token becomes one of Google's: the exchange, from a credential configuration file or from settings.

Source: https://google.aip.dev/auth/4117 (external_account), of which we take what a pod needs: a file as the source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from secret_sidecar.errors import SettingsError
from secret_sidecar.files import read_file
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.gcp.settings import GcpSettings

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
JWT = "urn:ietf:params:oauth:token-type:jwt"
LIFETIME = 3600
"""Seconds: the most that a service account's token is given without an organization's leave."""

_STS = Origin("https", "sts.googleapis.com", 443)
_IAM_CREDENTIALS = Origin("https", "iamcredentials.googleapis.com", 443)
_JSON = {dict: "object", str: "string", int: "number without a fraction"}
_LARGEST = 1 << 20
_IMPERSONATION = "/v1/projects/-/serviceAccounts/"


@dataclass(frozen=True)
class Url:
    """A URL, cut where a pool of connections wants it."""

    origin: Origin
    target: str

    @classmethod
    def parse(cls, url: str) -> Url:
        """Return the parts of an http or https URL with a path and no query, or raise ValueError."""
        scheme, authority, path, *rest = urlsplit(url)
        if any(rest) or not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
            raise ValueError("a URL with a path")
        return cls(Origin.parse(f"{scheme}://{authority}"), path)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Where a token is exchanged; `service_account_url` is there if a service account is to be become."""

    audience: str
    token_type: str = JWT
    token_url: Url = Url(_STS, "/v1/token")
    service_account_url: Url | None = None
    lifetime: int = LIFETIME

    @property
    def service_account(self) -> str | None:
        """The service account's email."""
        if self.service_account_url is None:
            return None
        return self.service_account_url.target.rpartition("/")[2].removesuffix(":generateAccessToken")

    @property
    def identity(self) -> str:
        """Who the token is to become, as far as that can be told without it."""
        return self.service_account or self.audience


@dataclass(frozen=True, kw_only=True)
class ExternalAccount(Exchange):
    """The exchange of the token in a file, where it may be a field of a JSON object."""

    token_file: Path
    token_field: str | None = None


def exchange(gcp: GcpSettings, service_account: str) -> Exchange:
    """Return the exchange that the settings describe one by one, for a service account if there is one."""
    url = None
    if service_account:
        target = f"{_IMPERSONATION}{service_account}:generateAccessToken"
        url = Url(gcp.endpoint_iam_credentials or _IAM_CREDENTIALS, target)
    return Exchange(
        audience=gcp.workload_identity_provider,
        token_url=Url(gcp.endpoint_sts or _STS, "/v1/token"),
        service_account_url=url,
    )


def of_settings(gcp: GcpSettings, token_file: Path) -> ExternalAccount:
    """Return the exchange of a file's token that the settings describe."""
    return ExternalAccount(token_file=token_file, **vars(exchange(gcp, gcp.service_account)))


def of_file(path: Path) -> ExternalAccount | None:
    """Return the exchange that a credential configuration describes, None if it is of another type.

    SettingsError if it cannot be read, or describes what a pod has no use for.
    """
    try:
        document = json.loads(read_file(path, _LARGEST))
    except OSError as error:
        raise _wrong(path, error.strerror or type(error).__name__, "a file") from None
    except (ValueError, RecursionError):
        raise _wrong(path, "not JSON", "a credential configuration") from None
    if not isinstance(document, dict) or document.get("type") != "external_account":
        return None
    try:
        return _parse(document)
    except KeyError as missing:
        raise _wrong(path, f"no {missing.args[0]!r}", "a file of `gcloud iam … create-cred-config`") from None
    except ValueError as wrong:
        raise _wrong(path, "not usable", str(wrong)) from None


def _parse(document: dict[str, Any]) -> ExternalAccount:
    source = _member(document, "credential_source", dict)
    if "file" not in source:
        raise ValueError("a credential_source with a 'file', because a pod's token is in one")
    account = ExternalAccount(
        audience=_member(document, "audience", str),
        token_file=Path(_member(source, "file", str)),
        token_field=_field(_optional(source, "format", {"type": "text"})),
        token_type=_member(document, "subject_token_type", str),
        token_url=Url.parse(_member(document, "token_url", str)),
    )
    if document.get("service_account_impersonation_url") is None:
        return account
    impersonation = _optional(document, "service_account_impersonation", {})
    lifetime = _optional(impersonation, "token_lifetime_seconds", LIFETIME)
    if isinstance(lifetime, bool) or not 600 <= lifetime <= 43200:
        raise ValueError("token_lifetime_seconds from 600 to 43200")
    url = Url.parse(_member(document, "service_account_impersonation_url", str))
    return ExternalAccount(**{**vars(account), "service_account_url": url, "lifetime": lifetime})


def _field(form: Any) -> str | None:
    match form:
        case {"type": "text"}:
            return None
        case {"type": "json", "subject_token_field_name": str(name)}:
            return name
    raise ValueError("a credential_source.format of type 'text', or 'json' with a subject_token_field_name")


def _member(document: dict[str, Any], name: str, kind: type) -> Any:
    value = document[name]
    if not isinstance(value, kind):
        raise ValueError(f"a JSON {_JSON[kind]} as {name!r}")  # noqa: TRY004 (of_file raises one kind)
    return value


def _optional(document: dict[str, Any], name: str, default: Any) -> Any:
    """Return a member, or the default, of the same kind, where there is none or null."""
    return default if document.get(name) is None else _member(document, name, type(default))


def _wrong(path: Path, what: str, expected: str) -> SettingsError:
    return SettingsError(f"{VARIABLE}={str(path)!r}: {what}; expected {expected}")
