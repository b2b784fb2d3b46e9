"""Google Cloud's part of the settings, under the names that its own tools and SDKs read where there are any."""

# ruff: noqa: RUF009 (each default is a dataclasses.field)

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from secret_names import vaults
from secret_names.vaults import Spelling
from secret_sidecar.env_fields import both_or_neither, file, read, setting
from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.origin import Origin

# https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin; old ones have a domain.
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]+")
_POOL_PROVIDER = re.compile(
    r"//iam\.googleapis\.com/projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+"
)
_GKE_PROVIDER = re.compile(r"identitynamespace:[a-z0-9.:-]+\.svc\.id\.goog:https://[!-~]+")
_LOCATION = re.compile(r"[a-z]+(?:-[a-z]+)+[0-9]{1,2}")
_EMAIL = re.compile(r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com")

PROVIDER_FORM = (
    "'//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER', or "
    "'identitynamespace:PROJECT.svc.id.goog:https://container.googleapis.com/v1/projects/PROJECT/locations/"
    "LOCATION/clusters/CLUSTER'"
)
_PROVIDER_VARIABLE = "GCP_WORKLOAD_IDENTITY_PROVIDER"
_ACCOUNT_VARIABLE = "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"


def _project(text: str) -> str:
    if not _PROJECT.fullmatch(text):
        raise ValueError("a project's id or number, such as 'my-project'")
    return text


def _location(text: str) -> str:
    if not _LOCATION.fullmatch(text):
        raise ValueError("a region, such as 'europe-west3'")
    return text


def _provider(text: str) -> str:
    if not (_POOL_PROVIDER.fullmatch(text) or _GKE_PROVIDER.fullmatch(text)):
        raise ValueError(PROVIDER_FORM)
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("a service account's email, such as 'test@my-project.iam.gserviceaccount.com'")
    return text


def _template(text: str) -> str:
    filled = text.replace("{namespace}", "n").replace("{service_account}", "s")
    if "{namespace}" not in text or not _EMAIL.fullmatch(filled):
        raise ValueError(
            "a service account's email with {namespace}, such as 'blue-{namespace}@my-project.iam.gserviceaccount.com'"
        )
    return text


def _metadata_host(text: str) -> Origin:
    try:
        return Origin.parse(f"http://{text}")
    except ValueError:
        raise ValueError("a host and maybe a port, such as 'metadata.google.internal'") from None


@dataclass(frozen=True, kw_only=True)
class GcpSettings:
    """Where Secret Manager is, and how the sidecar gets its access token."""

    spelling: ClassVar[Spelling] = vaults.GOOGLE

    project: str = setting(
        "GOOGLE_CLOUD_PROJECT GCP_PROJECT_ID", "the vault's project, by id or number (required)", _project
    )
    location: str = setting("SECRETS_GCP_LOCATION", "the region of regional secrets; else the global ones", _location)
    credentials: Path | None = setting(
        "GOOGLE_APPLICATION_CREDENTIALS",
        "a credential configuration of type external_account, whose source is a file",
        file,
        None,
    )
    workload_identity_provider: str = setting(
        _PROVIDER_VARIABLE, "the workload identity provider, in place of such a file", _provider
    )
    token_file: Path | None = setting("GCP_TOKEN_FILE", "the projected ServiceAccount token", file, None)
    service_account: str = setting(
        _ACCOUNT_VARIABLE, "the service account to impersonate with the exchanged token", _email
    )
    shared_service_account: str = setting(
        "SECRETS_SHARED_SERVICE_ACCOUNT",
        "in shared mode, the service account that each caller impersonates, with {namespace} in it; else none",
        _template,
    )
    metadata_host: Origin | None = setting(
        "GCE_METADATA_HOST", "the metadata server, used if nothing else is set", _metadata_host, None
    )
    endpoint: Origin | None = setting(
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "another server in place of Secret Manager", Origin.parse, None
    )
    endpoint_sts: Origin | None = setting(
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "the same, for the token exchange", Origin.parse, None
    )
    endpoint_iam_credentials: Origin | None = setting(
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
        "the same, for impersonating a service account",
        Origin.parse,
        None,
    )

    @property
    def secret_manager(self) -> Origin:
        """Where Secret Manager is asked: a region's secrets are in that region alone."""
        if self.endpoint:
            return self.endpoint
        region = f".{self.location}.rep" if self.location else ""
        return Origin("https", f"secretmanager{region}.googleapis.com", 443)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> GcpSettings:
        """Return the settings, or raise SettingsError with key, value and the form expected."""
        values = read(cls, environment)
        if not values["project"]:
            raise SettingsError(
                "GOOGLE_CLOUD_PROJECT is not set: expected a project's id or number, such as 'my-project'"
            )
        return cls(**values)

    def check_own_identity(self) -> None:
        """Raise SettingsError where only a part of an identity is set, or two are."""
        given = {_PROVIDER_VARIABLE: self.workload_identity_provider, "GCP_TOKEN_FILE": self.token_file}
        both_or_neither(_PROVIDER_VARIABLE, "GCP_TOKEN_FILE", given)
        if self.service_account and not self.workload_identity_provider:
            raise SettingsError(
                f"{_PROVIDER_VARIABLE} is not set though {_ACCOUNT_VARIABLE} is: expected both, or the account in the "
                "file of GOOGLE_APPLICATION_CREDENTIALS"
            )
        if self.credentials and self.workload_identity_provider:
            raise SettingsError(
                f"GOOGLE_APPLICATION_CREDENTIALS and {_PROVIDER_VARIABLE} are set: expected one of them"
            )
