"""The vault of a shared service, and whom each caller becomes there, in each cloud's own terms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi

from ..arguments import Arguments
from ..aws import checks as aws_checks
from ..aws.environment import BACKEND as AWS
from ..aws.trust import IRSA_AUDIENCE
from ..azure import checks as azure_checks
from ..azure.documents import AUDIENCE as AZURE_AUDIENCE
from ..azure.environment import BACKEND as AZURE
from ..checks import invalid
from ..gcp import checks as gcp_checks
from ..gcp import provider_checks
from ..gcp.documents import GLOBAL, WorkloadIdentityProvider
from ..gcp.environment import BACKEND as GCP
from ..inputs import lift, once_known
from ..pods.sidecar_settings import OF_GCP, Backend
from ..vault import checks as vault_checks
from ..vault.documents import AUDIENCE as VAULT_AUDIENCE
from ..vault.environment import BACKEND as VAULT
from . import callers as caller_checks

Variables = dict[str, str | None]
Callers = pulumi.Input[Sequence[str]]


class SharedAwsBackend(TypedDict):
    """AWS Secrets Manager: each caller assumes the role of its namespace."""

    role_arn: pulumi.Input[str]
    """ARN of each caller's role, as AwsSecretAccess creates it: `{namespace}` stands for the caller's namespace,
    `{service_account}` for its ServiceAccount.
    Example: `arn:aws:iam::111122223333:role/secret-access-blue-{namespace}`."""
    region: pulumi.Input[str]
    """The region of the secrets. Example: `us-east-1`."""
    endpoint_url: NotRequired[pulumi.Input[str]]
    """Endpoint in place of AWS's own. Default: none. Example: `http://10.78.0.1:4566`."""


class SharedGcpBackend(TypedDict):
    """Google Cloud Secret Manager: each caller becomes its principal, or impersonates its namespace's account."""

    project: pulumi.Input[str]
    """Id of the project that has the secrets. Example: `my-project`."""
    workload_identity_provider: pulumi.Input[str]
    """Who exchanges the cluster's tokens: the output of GcpClusterTrust.
    Example: `//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/blue/providers/c`."""
    google_service_account: NotRequired[pulumi.Input[str]]
    """Email of the service account that each caller impersonates, with `{namespace}` in it. Default: none, the
    principal reads itself. Example: `blue-{namespace}@my-project.iam.gserviceaccount.com`."""
    location: NotRequired[pulumi.Input[str]]
    """The region of the secrets. Default: `global`. Example: `europe-west3`."""
    token_audience: NotRequired[pulumi.Input[str]]
    """The audience of callers' tokens, where the provider was told to expect another than its own name.
    Default: Google's own for the provider."""
    endpoint_url: NotRequired[pulumi.Input[str]]
    """Server in place of Google's own. Default: none. Example: `http://10.78.0.1:4570`."""


class SharedAzureBackend(TypedDict):
    """Azure Key Vault: each caller becomes the managed identity or application that is named for it."""

    tenant_id: pulumi.Input[str]
    """The Entra tenant of the identities. Example: `11111111-2222-3333-4444-555555555555`."""
    client_ids: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """Client id of each caller's identity, by namespace, or by `NAMESPACE/SERVICEACCOUNT`, which takes precedence: the
    output `identity` of AzureSecretAccess. Example: `{"test": "11111111-2222-3333-4444-555555555555"}`."""
    vault_url: pulumi.Input[str]
    """Address of the vault. With `{namespace}` in its name, of each caller's own vault.
    Example: `https://secrets-of-{namespace}.vault.azure.net`."""
    authority_host: NotRequired[pulumi.Input[str]]
    """Entra's address in another cloud than the public one. Default: none.
    Example: `https://login.microsoftonline.us`."""


class SharedVaultBackend(TypedDict):
    """HashiCorp Vault or OpenBao: each caller logs in to the role of its namespace."""

    address: pulumi.Input[str]
    """Vault's address, as the service's pods reach it. Example: `https://vault.example:8200`."""
    role_name: pulumi.Input[str]
    """Name of each caller's role of JWT auth, as VaultSecretAccess creates it, with `{namespace}` in it.
    Example: `secret-access-blue-{namespace}`."""
    audience: NotRequired[pulumi.Input[str]]
    """The audience of callers' tokens, which the roles demand. Default: `vault`. Example: `https://vault.example:8200`.
    """
    auth_path: NotRequired[pulumi.Input[str]]
    """Where JWT auth for the cluster's tokens is mounted: the output of VaultClusterTrust. Default: `jwt`.
    Example: `clusters/blue`."""
    mount: NotRequired[pulumi.Input[str]]
    """Where the KV engine of version 2 is mounted. Default: `secret`. Example: `team/kv`."""
    vault_namespace: NotRequired[pulumi.Input[str]]
    """Vault's own namespace, from the root. Default: none, the root namespace. Example: `admin/team`."""


class SharedBackend(TypedDict):
    """The vault of a shared service: one of these."""

    aws: NotRequired[pulumi.Input[SharedAwsBackend]]
    """AWS Secrets Manager. Default: none.
    Example: `{"role_arn": "arn:aws:iam::111122223333:role/secret-access-blue-{namespace}", "region": "us-east-1"}`."""
    gcp: NotRequired[pulumi.Input[SharedGcpBackend]]
    """Google Cloud Secret Manager. Default: none."""
    azure: NotRequired[pulumi.Input[SharedAzureBackend]]
    """Azure Key Vault. Default: none."""
    vault: NotRequired[pulumi.Input[SharedVaultBackend]]
    """HashiCorp Vault or OpenBao. Default: none.
    Example: `{"address": "https://vault.example:8200", "role_name": "blue-{namespace}"}`."""


@dataclass(frozen=True)
class Choice:
    """A cloud's form of arguments, and what is made of them."""

    backend: Backend
    form: Any
    example: str
    settings: Callable[[Arguments, Callers], tuple[pulumi.Input[str], pulumi.Input[Variables]]]
    """Returns the audience of callers' tokens, and the cloud's own variables."""


def chosen(given: Arguments, backend: object, callers: Callers) -> pulumi.Input[dict[str, Any]]:
    """Return the name of the vault, the audience of callers' tokens and the vault's variables, by these three names.

    `backend` is the argument; it, and the cloud's part in it, may be known only later.
    """
    return once_known(
        backend, lambda known: _one_of(given.within("backend", known, SharedBackend, example=EXAMPLE), callers)
    )


def _one_of(given: Arguments, callers: Callers) -> pulumi.Input[dict[str, Any]]:
    named = [cloud for cloud in CHOICES if cloud in given]
    if len(named) != 1:
        what = "two vaults are named" if named else "no vault is named"
        given.check(_refuse, what, named)
    cloud = named[0]
    return once_known(given.get(cloud), lambda known: _settings(cloud, given, known, callers))


def _refuse(what: str, named: list[str]) -> None:
    expected = f"one of {', '.join(CHOICES)}, such as {EXAMPLE}"
    raise invalid(what, named, expected, "leave one" if named else "add one")


def _settings(cloud: str, given: Arguments, known: object, callers: Callers) -> pulumi.Input[dict[str, Any]]:
    choice = CHOICES[cloud]
    inner = given.within(cloud, known, choice.form, example=choice.example)
    audience, variables = choice.settings(inner, callers)
    return {"name": cloud, "audience": audience, "variables": variables}


def _aws(given: Arguments, callers: Callers) -> tuple[pulumi.Input[str], pulumi.Input[Variables]]:
    role = given.check(caller_checks.role_arn, given.get("role_arn"), callers)
    region = given.check(_region, role, given.get("region"))
    endpoint_url = given.take("endpoint_url", aws_checks.endpoint_url)
    return IRSA_AUDIENCE, lift(_aws_variables, role, region, endpoint_url)


def _region(role: str, name: object) -> str:
    return aws_checks.region_of(role.split(":")[1], name, "role_arn")


def _aws_variables(role: str, region: str, endpoint_url: str | None) -> Variables:
    return {"AWS_REGION": region, "SECRETS_SHARED_ROLE_ARN": role, "AWS_ENDPOINT_URL": endpoint_url}


def _gcp(given: Arguments, callers: Callers) -> tuple[pulumi.Input[str], pulumi.Input[Variables]]:
    provider = given.take("workload_identity_provider", provider_checks.workload_identity_provider)
    audience = given.check(provider_checks.audience_of, provider, given.get("token_audience"))
    variables = lift(
        _gcp_variables,
        given.take("project", gcp_checks.project),
        provider,
        given.check(caller_checks.google_service_account, given.get("google_service_account"), callers),
        given.take("location", gcp_checks.location, GLOBAL),
        given.take("endpoint_url", gcp_checks.endpoint_url),
    )
    return audience, variables


def _gcp_variables(
    project: str, provider: WorkloadIdentityProvider, account: str | None, location: str, endpoint_url: str | None
) -> Variables:
    return {
        "GOOGLE_CLOUD_PROJECT": project,
        "GCP_WORKLOAD_IDENTITY_PROVIDER": provider.name,
        "SECRETS_SHARED_SERVICE_ACCOUNT": account,
        "SECRETS_GCP_LOCATION": None if location == GLOBAL else location,
        **dict.fromkeys(OF_GCP, endpoint_url),
    }


def _azure(given: Arguments, callers: Callers) -> tuple[pulumi.Input[str], pulumi.Input[Variables]]:
    authority = given.take("authority_host", _authority_host)
    variables = lift(
        _azure_variables,
        given.check(caller_checks.vault_url, given.get("vault_url"), callers),
        given.take("tenant_id", azure_checks.tenant_id),
        given.check(caller_checks.client_ids, given.get("client_ids"), callers),
        authority,
    )
    return AZURE_AUDIENCE, variables


def _authority_host(url: object) -> str | None:
    return azure_checks.https_url("authority_host", url, "https://login.microsoftonline.us")


def _azure_variables(vault_url: str, tenant_id: str, clients: Mapping[str, str], authority: str | None) -> Variables:
    return {
        "AZURE_KEYVAULT_URL": vault_url,
        "AZURE_TENANT_ID": tenant_id,
        "SECRETS_SHARED_CLIENT_IDS": ",".join(f"{caller}={client}" for caller, client in sorted(clients.items())),
        "AZURE_AUTHORITY_HOST": authority,
    }


def _vault(given: Arguments, callers: Callers) -> tuple[pulumi.Input[str], pulumi.Input[Variables]]:
    variables = lift(
        _vault_variables,
        given.take("address", vault_checks.address),
        given.check(caller_checks.role_name, given.get("role_name"), callers),
        given.take("vault_namespace", vault_checks.vault_namespace),
        given.take("auth_path", vault_checks.auth_path, "jwt"),
        given.take("mount", vault_checks.mount, "secret"),
    )
    return given.take("audience", vault_checks.audience, VAULT_AUDIENCE), variables


def _vault_variables(address: str, role: str, vault_namespace: str | None, auth_path: str, mount: str) -> Variables:
    return {
        "VAULT_ADDR": address,
        "VAULT_NAMESPACE": vault_namespace,
        "SECRETS_SHARED_VAULT_ROLE": role,
        "SECRETS_VAULT_AUTH_PATH": auth_path,
        "SECRETS_VAULT_MOUNT": mount,
    }


EXAMPLE = (
    '{"aws": {"role_arn": "arn:aws:iam::111122223333:role/secret-access-blue-{namespace}", "region": "us-east-1"}}'
)
CHOICES = {
    "aws": Choice(
        AWS, SharedAwsBackend, f'{{"role_arn": "{caller_checks.EXAMPLE_ROLE}", "region": "us-east-1"}}', _aws
    ),
    "gcp": Choice(
        GCP,
        SharedGcpBackend,
        f'{{"project": "my-project", "workload_identity_provider": "{provider_checks.EXAMPLE_PROVIDER}"}}',
        _gcp,
    ),
    "azure": Choice(
        AZURE,
        SharedAzureBackend,
        f'{{"tenant_id": "{azure_checks.EXAMPLE_UUID}", "client_ids": {caller_checks.EXAMPLE_CLIENTS}, '
        '"vault_url": "https://secrets-of-{namespace}.vault.azure.net"}',
        _azure,
    ),
    "vault": Choice(
        VAULT,
        SharedVaultBackend,
        '{"address": "https://vault.example:8200", "role_name": "secret-access-blue-{namespace}"}',
        _vault,
    ),
}
