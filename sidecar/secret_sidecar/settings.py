"""The sidecar's settings: read once from the environment, into one frozen value."""

# ruff: noqa: RUF009 (each default is a dataclasses.field)

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import secret_names
from secret_names.vaults import Spelling
from secret_sidecar import env_fields
from secret_sidecar.env_fields import Variable, file, setting
from secret_sidecar.errors import SettingsError
from secret_sidecar.files import read_file
from secret_sidecar.http_client import tls
from secret_sidecar.http_client.network import Network
from secret_sidecar.http_client.proxy import Exceptions, Proxies, Proxy
from secret_sidecar.vaults.open import ALIASES, BACKENDS, Backend, VaultSettings, check_shared, settings_class

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

V = TypeVar("V")
_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


def _backend(text: str) -> Backend:
    for backend in BACKENDS:
        if ALIASES.get(text, text) == backend:
            return backend
    raise ValueError(f"one of {', '.join((*BACKENDS, *ALIASES))}")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ValueError("a port, 1 to 65535")
    return int(text)


def _mode(text: str) -> str:
    if text not in {"sidecar", "shared"}:
        raise ValueError("sidecar or shared")
    return text


def _hosts(text: str) -> tuple[str, ...]:
    names = _names(text.lower())
    if not all(_HOST.fullmatch(name) for name in names):
        raise ValueError("DNS names with commas between them, such as 'secrets.platform.svc'")
    return names


def _callers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text)):
        raise ValueError("a number, 1 to 999999")
    return int(text)


def _access(text: str) -> str:
    if text not in {"read", "read_write"}:
        raise ValueError("read or read_write")
    return text


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Return a parser of seconds: more than `least`, at most `most`."""

    def parse(text: str) -> float:
        given = float(text) if _DECIMAL.fullmatch(text) else least
        if not least < given <= most:
            raise ValueError(f"seconds, more than {least:g} and at most {most:g}")
        return given

    return parse


def optional_seconds(most: float) -> Callable[[str], float]:
    """Return a parser of seconds: 0, or more, and at most `most`."""

    def parse(text: str) -> float:
        given = float(text) if _DECIMAL.fullmatch(text) else -1.0
        if not 0 <= given <= most:
            raise ValueError(f"seconds, 0 to {most:g}")
        return given

    return parse


def _yes(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("true or false")
    return text == "true"


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What each field means, its variable says; `variables()` lists them for --help and the documents."""

    mode: str = setting(
        "SECRETS_MODE", "sidecar, or shared: one service for callers with their own tokens", _mode, "sidecar"
    )
    backend: Backend = setting(
        "SECRETS_BACKEND VAULTMUX_BACKEND", "the vault: aws, gcp, azure, vault or pass (required)", _backend
    )
    namespace: str = setting(
        "SECRETS_NAMESPACE",
        "the pod's namespace; else read from the ServiceAccount's files",
        secret_names.check_namespace,
    )
    prefix: str = setting("SECRETS_PREFIX", "the prefix of names without '/'; else NAMESPACE/")
    pod_name: str = setting("SECRETS_POD_NAME", "the pod's name, for the cloud's audit log; else the host name")
    names: tuple[str, ...] = setting(
        "SECRETS_NAMES", "the secrets declared for this workload, comma-separated", _names, ()
    )
    port: int = setting("SECRETS_PORT", "the API's port, on loopback only", _port, 8080)
    health_port: int = setting(
        "SECRETS_HEALTH_PORT", "the port of /healthz, /readyz and /metrics, on every address", _port, 8081
    )
    timeout: float = setting("SECRETS_TIMEOUT", "deadline of a read in seconds, retries included", seconds(0, 60), 5.0)
    access: str = setting("SECRETS_ACCESS", "read, or read_write to allow writes", _access, "read")
    events_interval: float = setting(
        "SECRETS_EVENTS_INTERVAL", "seconds between two checks for a new version", seconds(0, 3600), 30.0
    )
    cache_ttl: float = setting(
        "SECRETS_CACHE_TTL",
        "seconds for which a value is cached, from when it was requested",
        optional_seconds(3600),
        0.0,
    )
    stale_if_error: float = setting(
        "SECRETS_STALE_IF_ERROR",
        "extra seconds a stale value may be served while the vault throttles or fails",
        optional_seconds(86400),
        0.0,
    )
    metrics_names: bool = setting("SECRETS_METRICS_NAMES", "true to count reads by name", _yes, False)
    token_file: Path | None = setting(
        "SECRETS_TOKEN_FILE", "the file with the token that callers must send", file, None
    )
    tls_cert_file: Path | None = setting(
        "SECRETS_TLS_CERT_FILE",
        "in shared mode, the service's certificate chain, in PEM (required)",
        file,
        None,
    )
    tls_key_file: Path | None = setting(
        "SECRETS_TLS_KEY_FILE", "in shared mode, the certificate's key, in PEM (required)", file, None
    )
    shared_hosts: tuple[str, ...] = setting(
        "SECRETS_SHARED_HOSTS", "in shared mode, the service's DNS names, comma-separated (required)", _hosts, ()
    )
    shared_callers: int = setting(
        "SECRETS_SHARED_CALLERS", "in shared mode, the most callers at a time", _callers, 1000
    )
    shutdown_delay: float = setting(
        "SECRETS_SHARED_SHUTDOWN_DELAY",
        "in shared mode, seconds to go on serving after SIGTERM, until nobody is routed here",
        optional_seconds(60),
        5.0,
    )
    tls_strict: bool = setting(tls.STRICT, "false accepts certificates of the vault that break RFC 5280", _yes, True)
    https_proxy: Proxy | None = setting(
        "https_proxy HTTPS_PROXY", "the proxy for https servers", Proxy.parse, None, secret=True
    )
    http_proxy: Proxy | None = setting(
        "http_proxy HTTP_PROXY", "the proxy for http servers", Proxy.parse, None, secret=True
    )
    no_proxy: Exceptions | None = setting(
        "no_proxy NO_PROXY", "hosts, domains, addresses and networks to reach without a proxy", Exceptions.parse, None
    )
    vault: VaultSettings
    """The vault's own settings, such as an AwsSettings."""

    def vault_as(self, kind: type[V]) -> V:
        """Return the vault's own settings, which are of this kind."""
        assert isinstance(self.vault, kind)  # noqa: S101
        return self.vault

    @property
    def network(self) -> Network:
        """How servers are reached."""
        proxies = Proxies(self.https_proxy, self.http_proxy, self.no_proxy or Exceptions())
        return Network(proxies, tls_strict=self.tls_strict)

    @classmethod
    def variables(cls) -> list[Variable]:
        """Return the variables of all settings, those of every backend too."""
        own = [variable for backend in BACKENDS for variable in env_fields.variables(settings_class(backend))]
        return env_fields.variables(cls) + own

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], namespace_file: Path = NAMESPACE_FILE) -> Settings:
        """Return the settings, or raise SettingsError with key, value and the form expected."""
        values = env_fields.read(cls, environment)
        if not values["backend"]:
            raise SettingsError(f"SECRETS_BACKEND is not set: expected one of {', '.join((*BACKENDS, *ALIASES))}")
        if values["port"] == values["health_port"]:
            raise SettingsError(
                f"SECRETS_HEALTH_PORT={values['health_port']}: expected another port than SECRETS_PORT's"
            )
        vault = settings_class(values["backend"])
        if values["mode"] == "shared":
            _check_shared(values)
            return cls(**values, vault=vault.from_environment(environment))
        if not values["namespace"]:
            values["namespace"] = _namespace_of(namespace_file)
        values["prefix"] = _prefix(values["prefix"], values["namespace"], vault.spelling.check_prefix)
        values["names"] = tuple(_full_name(name, values["prefix"], vault.spelling) for name in values["names"])
        return cls(**values, vault=vault.from_environment(environment))


def _check_shared(values: Mapping[str, Any]) -> None:
    """Raise SettingsError where something is missing, or belongs to one workload."""
    check_shared(values["backend"])
    for field, expected in (
        ("tls_cert_file", "a file of PEM certificates, because tokens and values go over the network"),
        ("tls_key_file", "the certificate's key"),
        ("shared_hosts", "the service's DNS names, such as 'secrets.platform.svc'"),
    ):
        if not values[field]:
            raise SettingsError(f"SECRETS_{field.upper()} is not set: expected {expected}, as SECRETS_MODE='shared'")
    for field, why in (
        ("token_file", "each caller shows its own token"),
        ("prefix", "a name without '/' belongs to its caller's namespace"),
        ("namespace", "each caller has its own"),
        ("pod_name", "each caller has its own"),
        ("names", "they would be one workload's"),
    ):
        if values[field]:
            raise SettingsError(
                f"SECRETS_{field.upper()} is set: expected none as SECRETS_MODE='shared', because {why}"
            )


def _namespace_of(path: Path) -> str:
    """Return the namespace that the ServiceAccount's file tells, or none where there is no such file."""
    try:
        return secret_names.check_namespace(read_file(path, 1024).decode("ascii").strip())
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        reason = "is not ASCII"
    except secret_names.InvalidName as error:
        reason = f"holds no namespace: {error}"
    raise SettingsError(f"SECRETS_NAMESPACE is not set and {path} {reason}; expected one of them to tell the namespace")


def _prefix(given: str, namespace: str, check: Callable[[str], str]) -> str:
    if given:
        try:
            return check(given)
        except secret_names.InvalidName as error:
            raise SettingsError(f"SECRETS_PREFIX={given!r}: {error}") from None
    if not namespace:
        return ""
    try:
        return secret_names.default_prefix(namespace)
    except secret_names.InvalidName as error:
        raise SettingsError(f"SECRETS_PREFIX is not set and {error}") from None


def _full_name(name: str, prefix: str, spelling: Spelling) -> str:
    try:
        return spelling.full_name(name, prefix)
    except secret_names.InvalidName as error:
        raise SettingsError(f"SECRETS_NAMES: {error}") from None
