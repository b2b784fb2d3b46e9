"""Checks of the shared service's arguments, so that its pods start, and let in no more callers than meant."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..checks import LABEL, SERVICE_ACCOUNT, invalid, match, namespaces, text_mapping, unknown, whole_number
from ..pods.checks import AUTOSCALED
from ..pods.sidecar_settings import OF_EVERY_VAULT, Backend, check_endpoints, check_seconds, check_value
from ..program_errors import InvalidArgument

MINIMUM_REPLICAS = 2
SOURCES = ("secret", "csi", "projected")
CERTIFICATE = '{"secret": {"secretName": "secrets-tls"}}'
MOST_CALLERS = 999_999
LONGEST_DELAY = 60
SET_BY_THE_COMPONENT = {
    "SECRETS_ACCESS": "access",
    "SECRETS_BACKEND": "backend",
    "SECRETS_HEALTH_PORT": "",
    "SECRETS_MODE": "",
    "SECRETS_PORT": "",
    "SECRETS_SHARED_HOSTS": "",
    "SECRETS_TLS_CERT_FILE": "certificate",
    "SECRETS_TLS_KEY_FILE": "certificate",
}
"""Variables that are set for every vault, each with the argument that decides it, or an empty text."""
OF_CALLERS = {
    "SECRETS_SHARED_CLIENT_IDS": "client_ids",
    "SECRETS_SHARED_ROLE_ARN": "role_arn",
    "SECRETS_SHARED_SERVICE_ACCOUNT": "google_service_account",
    "SECRETS_SHARED_VAULT_ROLE": "role_name",
}
"""Variables that say whom each caller becomes, each with the vault's argument that decides it."""
OF_ONE_WORKLOAD = ("SECRETS_NAMES", "SECRETS_NAMESPACE", "SECRETS_POD_NAME", "SECRETS_PREFIX", "SECRETS_TOKEN_FILE")
SETTABLE = (
    *(name for name in OF_EVERY_VAULT if name not in OF_ONE_WORKLOAD),
    "SECRETS_SHARED_CALLERS",
    "SECRETS_SHARED_SHUTDOWN_DELAY",
)
"""Settings that a platform may choose for every vault."""


def environment(
    given: object, *, backend: Backend, arguments: Collection[str], has_endpoint_url: bool
) -> dict[str, str]:
    """Return the settings that the platform chose; refuse the component's own, a workload's and an identity's.

    `arguments` are those that the vault has in `backend`; `has_endpoint_url` tells whether one of them replaces AWS.
    """
    env = text_mapping("sidecar_env", given, '{"SECRETS_CACHE_TTL": "10"}')
    settable = (*SETTABLE, *backend.settable)
    for name, value in env.items():
        argument = _argument(name, backend, arguments)
        if argument is not None:
            fix = f"use the argument {argument}" if argument else "leave it out"
            raise invalid("sidecar_env", name, "variables that the component does not set itself", fix)
        if name in (*OF_ONE_WORKLOAD, *backend.set_by_component, *backend.credentials):
            raise invalid(
                "sidecar_env",
                name,
                "no identity and no settings of one workload: each caller has its own",
                "leave it out; who may read what is said by each namespace's identity",
            )
        if name not in settable:
            raise InvalidArgument(f"sidecar_env: {unknown(name, settable)}")
        if name == "SECRETS_SHARED_CALLERS":
            _check_most_callers(value)
        if name == "SECRETS_SHARED_SHUTDOWN_DELAY":
            check_seconds("sidecar_env", name, value, most=LONGEST_DELAY)
        check_value("sidecar_env", name, value)
    check_endpoints("sidecar_env", env, *(["endpoint_url"] if has_endpoint_url else []))
    return env


def _argument(name: str, backend: Backend, arguments: Collection[str]) -> str | None:
    """Return the argument that decides a variable, an empty text for one that is always the same, None for others."""
    if name in SET_BY_THE_COMPONENT:
        return SET_BY_THE_COMPONENT[name]
    argument = {**backend.set_by_component, **OF_CALLERS}.get(name)
    return f"{argument} of backend.{backend.name}" if argument in arguments else None


def _check_most_callers(value: str) -> None:
    if not (re.fullmatch("[0-9]{1,6}", value) and int(value)):
        expected = f"a whole number from 1 to {MOST_CALLERS}"
        raise invalid("sidecar_env of SECRETS_SHARED_CALLERS", value, expected, "leave it out for 1000")


def certificate(source: Any) -> dict[str, Any]:
    """Return a volume source that has `tls.crt` and `tls.key`."""
    what = None
    fix = "pass the volume's source, as a pod's manifest spells it, without the volume's name"
    if not isinstance(source, Mapping):
        what = "certificate is no volume source"
        if isinstance(source, str):
            fix = f'for a Secret of that name write {{"secret": {{"secretName": "{source}"}}}}'
    elif len(source) != 1 or next(iter(source)) not in SOURCES:
        what = f"certificate is none of {', '.join(SOURCES)}, with nothing beside it"
    elif "secret" in source and not _text_under(source["secret"], "secretName"):
        what, fix = "certificate names no Secret", 'write {"secret": {"secretName": NAME}}'
    elif "csi" in source and not _text_under(source["csi"], "driver"):
        what, fix = "certificate names no driver", 'write {"csi": {"driver": NAME, …}}'
    elif "projected" in source and not _list_under(source["projected"], "sources"):
        what, fix = "certificate has no sources", 'write {"projected": {"sources": […]}}'
    if what:
        raise invalid(what, source, f"the volume with tls.crt and tls.key, such as {CERTIFICATE}", fix)
    return dict(source)


def _text_under(value: object, key: str) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get(key), str) and value[key] != ""


def _list_under(value: object, key: str) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get(key), list) and value[key] != []


def callers(given: object) -> list[str]:
    """Return the namespaces that may call, at least one: a rule without any would let in every pod."""
    if given in ([], None):
        raise invalid(
            "caller_namespaces",
            [],
            "at least one namespace",
            "name the namespaces whose pods are to call the service",
        )
    return namespaces("caller_namespaces", given)


def ca_config_map(name: object) -> str | None:
    """Return the name of a ConfigMap (RFC 1123 subdomain); None where callers trust the authority already."""
    if name is None:
        return None
    return match(SERVICE_ACCOUNT, "ca_config_map", name, "the name of a ConfigMap, such as secrets-ca", "correct it")


def service_name(name: object) -> str:
    """Return the name of a Service, which is part of its DNS names (RFC 1035 label)."""
    if isinstance(name, str) and LABEL.fullmatch(name) and name[0].isalpha():
        return name
    raise invalid(
        "service_name",
        name,
        "up to 63 lowercase letters, digits and -, beginning with a letter",
        "set service_name, such as secrets",
    )


def replicas(number: object) -> int | None:
    """Return the number of pods, at least two: with one, draining its node would cut off every caller.

    None where an autoscaler sets it: each `up` would set back what it decided.
    """
    if number == AUTOSCALED:
        return None
    fix = f"leave it out for 2, or write {AUTOSCALED} to leave the number to an autoscaler"
    return whole_number("replicas", number, "a whole number, 2 or more", fix, least=MINIMUM_REPLICAS)
