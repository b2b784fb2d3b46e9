"""The sidecar's settings: read once from the environment, into one frozen value."""

# ruff: noqa: RUF009 (each default is a dataclasses.field)

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import secret_names
from secret_sidecar.errors import SettingsError
from secret_sidecar.http import Origin
from secret_sidecar.regions import check_region

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

# The values of VAULTMUX_BACKEND beside our own, so that manifests written for vaultmux-server run unchanged.
_BACKENDS = {"aws": "aws", "awssecrets": "aws"}
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)


def _backend(text: str) -> str:
    if text not in _BACKENDS:
        raise ValueError("'aws' (or 'awssecrets'), the one backend that is supported so far")
    return _BACKENDS[text]


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ValueError("a port, 1 to 65535")
    return int(text)


def _timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 60:
        raise ValueError("seconds, more than 0 and at most 60")
    return seconds


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _role_arn(text: str) -> str:
    if not _ROLE_ARN.fullmatch(text):
        raise ValueError("a role's ARN, such as 'arn:aws:iam::111122223333:role/test'")
    return text


def _setting(
    variables: str, about: str, parse: Callable[[str], Any] = str, default: Any = "", *, secret: bool = False
) -> Any:
    """Declare a field that is read from the first of these variables that is set and not empty."""
    metadata = {"variables": variables.split(), "about": about, "parse": parse, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What each field means, its variable says; `variables()` lists them for --help and the documents."""

    backend: str = _setting("SECRETS_BACKEND VAULTMUX_BACKEND", "the vault: aws (required)", _backend)
    namespace: str = _setting(
        "SECRETS_NAMESPACE",
        "the pod's namespace; else read from the ServiceAccount's files",
        secret_names.check_namespace,
    )
    prefix: str = _setting(
        "SECRETS_PREFIX", "what a name without '/' belongs to; else NAMESPACE/", secret_names.check_aws_prefix
    )
    pod_name: str = _setting("SECRETS_POD_NAME", "the pod's name, for the cloud's trail; else the host name")
    names: tuple[str, ...] = _setting(
        "SECRETS_NAMES", "the secrets declared for this workload, with commas", _names, ()
    )
    port: int = _setting("SECRETS_PORT", "the API's port, on loopback alone", _port, 8080)
    health_port: int = _setting(
        "SECRETS_HEALTH_PORT", "the port of /healthz and /readyz, on every address", _port, 8081
    )
    timeout: float = _setting("SECRETS_TIMEOUT", "seconds that a read may take, retries and all", _timeout, 5.0)
    aws_region: str = _setting("AWS_REGION AWS_DEFAULT_REGION", "the vault's region (required)", check_region)
    aws_role_arn: str = _setting("AWS_ROLE_ARN", "the role to assume with the token", _role_arn)
    aws_web_identity_token_file: Path | None = _setting(
        "AWS_WEB_IDENTITY_TOKEN_FILE", "the projected ServiceAccount token", Path, None
    )
    aws_access_key_id: str = _setting("AWS_ACCESS_KEY_ID", "a static access key, used instead of a role")
    aws_secret_access_key: str = _setting("AWS_SECRET_ACCESS_KEY", "its secret key", secret=True)
    aws_session_token: str = _setting("AWS_SESSION_TOKEN", "its session token, if it has one", secret=True)
    aws_endpoint_url: Origin | None = _setting("AWS_ENDPOINT_URL", "another server than AWS's own", Origin.parse, None)
    aws_endpoint_url_secrets_manager: Origin | None = _setting(
        "AWS_ENDPOINT_URL_SECRETS_MANAGER", "the same, for Secrets Manager alone", Origin.parse, None
    )
    aws_endpoint_url_sts: Origin | None = _setting(
        "AWS_ENDPOINT_URL_STS", "the same, for STS alone", Origin.parse, None
    )
    aws_ca_bundle: str | None = _setting(
        "AWS_CA_BUNDLE", "PEM certificates to trust; else SSL_CERT_FILE, else the system's", str, None
    )

    @classmethod
    def variables(cls) -> list[tuple[list[str], str, Any]]:
        """Return each setting's variables, meaning and default."""
        return [(f.metadata["variables"], f.metadata["about"], f.default) for f in fields(cls)]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], namespace_file: Path = NAMESPACE_FILE) -> Settings:
        """Return the settings, or raise SettingsError with key, value and the form expected."""
        values = {f.name: _read(f, environment) for f in fields(cls)}
        if not values["namespace"] and namespace_file.is_file():
            values["namespace"] = namespace_file.read_text(encoding="ascii").strip()
        if not values["prefix"] and values["namespace"]:
            values["prefix"] = _default_prefix(values["namespace"])
        values["names"] = tuple(_full_name(name, values["prefix"]) for name in values["names"])
        settings = cls(**values)
        _check_together(settings)
        return settings


def _read(setting: Field[Any], environment: Mapping[str, str]) -> Any:
    for variable in setting.metadata["variables"]:
        if text := environment.get(variable, "").strip():
            try:
                return setting.metadata["parse"](text)
            except secret_names.InvalidName as error:
                raise SettingsError(f"{variable}={text!r}: {error}") from None
            except ValueError as error:
                raise SettingsError(f"{variable}={text!r}: expected {error}") from None
    return setting.default


def _default_prefix(namespace: str) -> str:
    try:
        return secret_names.default_prefix(namespace)
    except secret_names.InvalidName as error:
        raise SettingsError(f"SECRETS_PREFIX is not set and {error}") from None


def _full_name(name: str, prefix: str) -> str:
    try:
        return secret_names.check_aws_name(secret_names.qualify(name, prefix))
    except secret_names.InvalidName as error:
        raise SettingsError(f"SECRETS_NAMES: {error}") from None


def _check_together(settings: Settings) -> None:
    if not settings.backend:
        raise SettingsError("SECRETS_BACKEND is not set: expected 'aws'")
    if not settings.aws_region:
        raise SettingsError("AWS_REGION is not set: expected an AWS region, such as 'eu-central-1'")
    if settings.port == settings.health_port:
        raise SettingsError(f"SECRETS_HEALTH_PORT={settings.health_port}: expected another port than SECRETS_PORT's")
    _both_or_neither("AWS_ROLE_ARN", settings.aws_role_arn, settings.aws_web_identity_token_file)
    _both_or_neither("AWS_ACCESS_KEY_ID", settings.aws_access_key_id, settings.aws_secret_access_key)


_PARTNERS = {"AWS_ROLE_ARN": "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ACCESS_KEY_ID": "AWS_SECRET_ACCESS_KEY"}


def _both_or_neither(variable: str, one: object, other: object) -> None:
    if bool(one) != bool(other):
        there, missing = (variable, _PARTNERS[variable]) if one else (_PARTNERS[variable], variable)
        raise SettingsError(f"{missing} is not set though {there} is: expected both or neither")
