"""The sidecar settings (docs/operating.md) that a platform may set through a component, and those it may not.

They are in the pod's manifest, so in etcd and in Pulumi's state: credentials are refused.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from posixpath import normpath

from secret_names.vaults import Spelling

from ..checks import host_and_port, invalid, match, no_credentials, text_mapping, unknown
from ..program_errors import InvalidArgument
from .checks import is_in

EXAMPLE = '{"SECRETS_CACHE_TTL": "10"}'
MOST_SECONDS = {
    "SECRETS_TIMEOUT": 60,
    "SECRETS_CACHE_TTL": 3600,
    "SECRETS_STALE_IF_ERROR": 86400,
    "SECRETS_EVENTS_INTERVAL": 3600,
}
"""Settings in seconds, with the maximum of each."""
DEFAULT_TIMEOUT = 5
"""`SECRETS_TIMEOUT` where it is not set, in seconds."""
MORE_THAN_ZERO = ("SECRETS_TIMEOUT", "SECRETS_EVENTS_INTERVAL")
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY")
OF_EVERY_VAULT = (
    *MOST_SECONDS,
    *PROXIES,
    "no_proxy",
    "NO_PROXY",
    "SECRETS_TOKEN_FILE",
    "SECRETS_METRICS_NAMES",
    "SECRETS_TLS_STRICT",
    "SSL_CERT_FILE",
)
OF_AWS = (
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
OF_GCP = (
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS",
)
OF_VAULT = ("VAULT_CACERT", "VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY")
FILES = ("SECRETS_TOKEN_FILE", "SSL_CERT_FILE", "AWS_CA_BUNDLE", *OF_VAULT)
"""Settings that name a file."""
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
"""The authorities of the system, in the sidecar's image."""
OF_THE_IMAGE = ("/etc/ca-certificates", "/etc/pki", "/etc/ssl", "/opt", "/usr")
"""Where an image, ours or one made of it, has files of its own that a setting may name, such as certificates."""
ENDPOINT_KINDS = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
FLAGS = (
    "SECRETS_METRICS_NAMES",
    "SECRETS_TLS_STRICT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
AWS_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
GCP_CREDENTIALS = ("GCE_METADATA_HOST", "GOOGLE_APPLICATION_CREDENTIALS")

SET_BY_EVERY_COMPONENT = {
    "SECRETS_ACCESS": "access",
    "SECRETS_BACKEND": "",
    "SECRETS_HEALTH_PORT": "",
    "SECRETS_MODE": "",
    "SECRETS_NAMES": "secrets",
    "SECRETS_NAMESPACE": "namespace",
    "SECRETS_POD_NAME": "",
    "SECRETS_PORT": "port",
    "SECRETS_PREFIX": "secret_prefix",
}
"""Variables that each component sets, each with the argument that decides it, or an empty text."""

_PROXY = re.compile(r"((?i:http)://|//)?([^/\s:?#\[\]]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?/?")
_ENDPOINT = re.compile(r"(?i:https?)://[^/\s?#]+/?")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Backend:
    """A vault as the sidecar knows it, and what a component may and must tell the sidecar about it."""

    name: str
    """`SECRETS_BACKEND`. Example: `aws`."""
    spelling: Spelling
    token_folder: str
    """Where the sidecar's token is mounted."""
    settable: Collection[str]
    """The vault's own settings that `sidecar_env` may hold, beside those of every vault."""
    set_by_component: Mapping[str, str]
    """The vault's own variables that its component sets, each with the argument that decides it, or an empty text."""
    credentials: Collection[str]
    """The vault's own variables that hold credentials, or say where some are."""
    are_exact_granted: bool = False
    """Its component grants every declared name that only `exact:` can spell, also outside the namespace's prefix."""


def sidecar_env(given: object, *, backend: Backend) -> dict[str, str]:
    """Return the sidecar's settings; refuse unknown ones, credentials, and those that the component sets itself."""
    env = text_mapping("sidecar_env", given, EXAMPLE)
    set_by_component = {**SET_BY_EVERY_COMPONENT, **backend.set_by_component}
    settable = (*OF_EVERY_VAULT, *backend.settable)
    for name, value in env.items():
        if name in set_by_component:
            argument = set_by_component[name]
            fix = f"use the argument {argument}" if argument else "leave it out"
            raise invalid("sidecar_env", name, "variables that are not set by the component itself", fix)
        if name in backend.credentials:
            fix = "leave it out; the sidecar has the identity that the component makes"
            raise invalid("sidecar_env", name, "no credentials: they would be in etcd and in Pulumi's state", fix)
        if name not in settable:
            raise InvalidArgument(f"sidecar_env: {unknown(name, settable)}")
        check_value("sidecar_env", name, value)
    check_endpoints("sidecar_env", env)
    return env


def check_files(env: Mapping[str, str], folders: Collection[str]) -> dict[str, str]:
    """Return the settings if each file that they name is in one of the folders, which are mounted, or in the image."""
    for name in FILES:
        path = env.get(name)
        if path and not any(is_in(normpath(path), folder) for folder in (*folders, *OF_THE_IMAGE)):
            mounted = f"below one of {', '.join(sorted(folders))}" if folders else "that sidecar_files mounts"
            raise invalid(
                f"{name} in sidecar_env names a file that is neither mounted nor in the image",
                path,
                f"a file {mounted}, or one of the image below {', '.join(OF_THE_IMAGE)}, such as {BUNDLE}",
                "mount its folder with sidecar_files, or the sidecar would not start",
            )
    return dict(env)


def check_endpoints(argument: str, env: Mapping[str, str], *arguments: str) -> None:
    """Refuse kinds of AWS's endpoints beside other servers than AWS's: the sidecar would refuse to start.

    `arguments` are the names of those arguments by which other servers were given.
    """
    others = [*arguments, *(name for name, value in env.items() if name.startswith("AWS_ENDPOINT_URL") and value)]
    if env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true" or not others:
        return
    for kind in ENDPOINT_KINDS:
        if env.get(kind) == "true":
            raise invalid(
                f"{argument} of {kind} beside {' and '.join(others)}",
                "true",
                "AWS's own endpoints where their kind is chosen",
                "leave out one of them",
            )


def check_value(argument: str, name: str, value: str) -> None:
    """Refuse a value that the sidecar would refuse when it starts, and a user or a password in a server's address."""
    if name in MOST_SECONDS:
        check_seconds(argument, name, value, most=MOST_SECONDS[name])
    if name in FLAGS and value not in ("true", "false"):
        raise invalid(f"{argument} of {name}", value, "true or false", "correct it")
    if name in PROXIES and value:
        no_credentials(f"{argument} of {name}", value, "use a proxy that lets the cluster's addresses through")
        match(_PROXY, f"{argument} of {name}", value, "http://HOST:PORT", "correct it")
        host_and_port(f"{argument} of {name}", value if "//" in value else f"//{value}", "correct it")
    elif "//" in value:
        no_credentials(f"{argument} of {name}", value, "leave them out")
    if name.startswith(("AWS_ENDPOINT_URL", "CLOUDSDK_API_ENDPOINT_OVERRIDES_")) and value:
        match(
            _ENDPOINT, f"{argument} of {name}", value, "a URL such as https://sts.example, without a path", "correct it"
        )
        host_and_port(f"{argument} of {name}", value, "correct it")


def check_seconds(argument: str, name: str, value: str, *, most: int) -> None:
    """Refuse what are no seconds for a setting, or too many."""
    given = float(value) if _SECONDS.fullmatch(value) else -1
    if name in MORE_THAN_ZERO:
        accepted, expected = 0 < given <= most, f"seconds, more than 0 and at most {most}"
    else:
        accepted, expected = 0 <= given <= most, f"seconds, at most {most}"
    if not accepted:
        raise invalid(f"{argument} of {name}", value, expected, "correct it")
