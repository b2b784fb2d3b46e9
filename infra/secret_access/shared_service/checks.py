"""Checks of the shared service's arguments, so that its pods start, and let in no more callers than meant."""

from collections.abc import Mapping
from typing import Any

from ..checks import LABEL, invalid, namespaces, text_mapping, unknown, whole_number
from ..errors import InvalidArgument
from ..pods.sidecar_settings import AWS_CREDENTIALS, MOST_SECONDS, OF_AWS, PROXIES, check_endpoints, check_value

MINIMUM_REPLICAS = 2
SOURCES = ("secret", "csi", "projected")
CERTIFICATE = '{"secret": {"secretName": "secrets-tls"}}'
SET_BY_THE_COMPONENT = {
    "SECRETS_MODE",
    "SECRETS_BACKEND",
    "SECRETS_PORT",
    "SECRETS_HEALTH_PORT",
    "SECRETS_TLS_CERT_FILE",
    "SECRETS_TLS_KEY_FILE",
    "SECRETS_SHARED_HOSTS",
}
IDENTITIES_AND_WORKLOAD_SETTINGS = {
    "SECRETS_TOKEN_FILE",
    "SECRETS_NAMESPACE",
    "SECRETS_PREFIX",
    "SECRETS_POD_NAME",
    "SECRETS_NAMES",
    "SECRETS_VAULT_JWT_FILE",
    "SECRETS_VAULT_ROLE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "SECRETS_AWS_REPLICA_REGIONS",
    "SECRETS_AWS_SESSION_DURATION",
    *AWS_CREDENTIALS,
    "GCP_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
    "GCE_METADATA_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_KUBERNETES_CA_DATA",
    "AZURE_KUBERNETES_CA_FILE",
    "AZURE_KUBERNETES_SNI_NAME",
    "AZURE_KUBERNETES_TOKEN_PROXY",
    "VAULT_TOKEN",
    "BAO_TOKEN",
}
"""Settings that would give the service an identity, or that belong to one workload: it refuses to start with them."""

OWN_SETTINGS = (
    *MOST_SECONDS,
    "SECRETS_ACCESS",
    "SECRETS_GCP_LOCATION",
    "SECRETS_METRICS_NAMES",
    "SECRETS_TLS_STRICT",
    "SECRETS_SHARED_CALLERS",
    "SECRETS_SHARED_CLIENT_IDS",
    "SECRETS_SHARED_ROLE_ARN",
    "SECRETS_SHARED_SERVICE_ACCOUNT",
    "SECRETS_SHARED_VAULT_ROLE",
    "SECRETS_VAULT_AUTH_PATH",
    "SECRETS_VAULT_MOUNT",
)
"""The SECRETS_… settings that a platform may set."""

VAULT_SETTINGS = (
    *PROXIES,
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    *OF_AWS,
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "GOOGLE_CLOUD_PROJECT",
    "GCP_PROJECT_ID",
    "GCP_WORKLOAD_IDENTITY_PROVIDER",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
    "AZURE_KEYVAULT_URL",
    "AZURE_TENANT_ID",
    "AZURE_AUTHORITY_HOST",
    *(
        f"{cli}_{name}"
        for cli in ("VAULT", "BAO")
        for name in ("ADDR", "NAMESPACE", "CACERT", "CLIENT_CERT", "CLIENT_KEY")
    ),
)
"""The settings under the names that the clouds' and Vault's own tools have for them."""


def environment(backend: Mapping[str, str], more: object) -> dict[str, str]:
    """Return the backend's variables and further ones; refuse the component's own, a workload's and an identity's."""
    env = {**text_mapping("backend.env", backend, '{"AWS_REGION": "us-east-1"}')}
    env |= text_mapping("env", more, '{"SECRETS_CACHE_TTL": "10"}')
    for name in env:
        if name in SET_BY_THE_COMPONENT:
            raise invalid("env", name, "variables that the component does not set itself", "leave it out")
        if name in IDENTITIES_AND_WORKLOAD_SETTINGS:
            raise invalid(
                "env",
                name,
                "no identity and no settings of one workload: each caller has its own",
                "leave it out; who may read what is said by each namespace's role",
            )
        known = OWN_SETTINGS if name.startswith("SECRETS_") else VAULT_SETTINGS
        if name not in known:
            raise InvalidArgument(f"env: {unknown(name, known)}")
        check_value("env", name, env[name])
    check_endpoints("env", env)
    return env


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


def replicas(number: object) -> int:
    """Return the number of pods, at least two: with one, draining its node would cut off every caller."""
    return whole_number("replicas", number, "a whole number, 2 or more", "leave it out for 2", least=MINIMUM_REPLICAS)
