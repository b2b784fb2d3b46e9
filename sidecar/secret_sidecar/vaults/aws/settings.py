"""AWS's part of the settings, under the names that AWS's SDKs read."""

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
from secret_sidecar.vaults.aws.pod_identity import AgentUrl
from secret_sidecar.vaults.aws.regions import check_region, endpoint

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/([!-~]+/)?[\w+=,.@-]+", re.ASCII)
_FILLED_TEMPLATE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
CA_BUNDLE = "AWS_CA_BUNDLE"


def _role_arn(text: str) -> str:
    if not _ROLE_ARN.fullmatch(text):
        raise ValueError("a role's ARN, such as 'arn:aws:iam::111122223333:role/test'")
    return text


def _template(text: str) -> str:
    filled = text.replace("{namespace}", "n").replace("{service_account}", "s")
    if "{namespace}" not in text or not _FILLED_TEMPLATE.fullmatch(filled):
        raise ValueError("a role's ARN with {namespace}, such as 'arn:aws:iam::111122223333:role/blue-{namespace}'")
    return text


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("true or false")
    return text.lower() == "true"


def _session_duration(text: str) -> int:
    if not re.fullmatch(r"[0-9]{3,5}", text, re.ASCII) or not 900 <= int(text) <= 43200:
        raise ValueError("a whole number of seconds, 900 to 43200")
    return int(text)


def _regions(text: str) -> tuple[str, ...]:
    regions = tuple(check_region(region.strip()) for region in text.split(","))
    if len(set(regions)) < len(regions):
        raise ValueError("each AWS region once, such as 'us-west-2,eu-west-1'")
    return regions


@dataclass(frozen=True, kw_only=True)
class AwsSettings:
    """Where AWS is, and how the sidecar gets its credentials."""

    spelling: ClassVar[Spelling] = vaults.AWS

    region: str = setting("AWS_REGION AWS_DEFAULT_REGION", "the vault's region (required)", check_region)
    role_arn: str = setting("AWS_ROLE_ARN", "the role to assume with the token", _role_arn)
    web_identity_token_file: Path | None = setting(
        "AWS_WEB_IDENTITY_TOKEN_FILE", "the projected ServiceAccount token", file, None
    )
    session_duration: int | None = setting(
        "SECRETS_AWS_SESSION_DURATION", "seconds that the role's credentials last", _session_duration, None
    )
    replica_regions: tuple[str, ...] = setting(
        "SECRETS_AWS_REPLICA_REGIONS", "regions to read replicas in while the vault's does not answer", _regions, ()
    )
    shared_role_arn: str = setting(
        "SECRETS_SHARED_ROLE_ARN", "in shared mode, each caller's role, with {namespace} in it (required)", _template
    )
    access_key_id: str = setting("AWS_ACCESS_KEY_ID", "a static access key, used instead of a role", printable)
    secret_access_key: str = setting("AWS_SECRET_ACCESS_KEY", "its secret key", printable, secret=True)
    session_token: str = setting("AWS_SESSION_TOKEN", "its session token, if it has one", printable, secret=True)
    container_credentials_full_uri: AgentUrl | None = setting(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "the agent that provides the role's credentials", AgentUrl.parse, None
    )
    container_authorization_token_file: Path | None = setting(
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "the file with the token for the agent", file, None
    )
    container_authorization_token: str = setting(
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "the token for the agent, if it is not in a file", printable, secret=True
    )
    use_fips_endpoint: bool = setting("AWS_USE_FIPS_ENDPOINT", "true: use AWS's FIPS endpoints", _flag, False)
    use_dualstack_endpoint: bool = setting(
        "AWS_USE_DUALSTACK_ENDPOINT", "true: use AWS's dual-stack endpoints (IPv4 and IPv6)", _flag, False
    )
    endpoint_url: Origin | None = setting("AWS_ENDPOINT_URL", "another server in place of AWS", Origin.parse, None)
    endpoint_url_secrets_manager: Origin | None = setting(
        "AWS_ENDPOINT_URL_SECRETS_MANAGER", "the same, for Secrets Manager only", Origin.parse, None
    )
    endpoint_url_sts: Origin | None = setting("AWS_ENDPOINT_URL_STS", "the same, for STS only", Origin.parse, None)
    ignore_configured_endpoint_urls: bool = setting(
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true: ignore the AWS_ENDPOINT_URL… variables", _flag, False
    )
    ca_bundle: str | None = setting(
        CA_BUNDLE, "PEM certificates to trust; else SSL_CERT_FILE, else the system's", file_name, None
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> AwsSettings:
        """Return the settings, or raise SettingsError with key, value and the form expected."""
        values = read(cls, environment)
        if not values["region"]:
            raise SettingsError("AWS_REGION is not set: expected an AWS region, such as 'eu-central-1'")
        given = {f"AWS_{name.upper()}": value for name, value in values.items()}
        both_or_neither("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", given)
        both_or_neither("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", given)
        if values["region"] in values["replica_regions"]:
            raise SettingsError(
                f"SECRETS_AWS_REPLICA_REGIONS={','.join(values['replica_regions'])!r} holds {values['region']!r}: "
                "expected other regions than AWS_REGION"
            )
        settings = cls(**values)
        settings.check_endpoints()
        return settings

    def origin(self, service: str) -> Origin:
        """Return where a service is asked: `secretsmanager` or `sts`."""
        own = {"secretsmanager": self.endpoint_url_secrets_manager, "sts": self.endpoint_url_sts}[service]
        configured = own or self.endpoint_url
        if configured and not self.ignore_configured_endpoint_urls:
            return configured
        return self._endpoint(service, self.region)

    def replica_origin(self, region: str) -> Origin:
        """Return where Secrets Manager is asked for the replicas of a region.

        An endpoint for Secrets Manager alone is the home region's; one for all of AWS answers for every region.
        """
        if self.endpoint_url and not self.ignore_configured_endpoint_urls:
            return self.endpoint_url
        return self._endpoint("secretsmanager", region)

    def _endpoint(self, service: str, region: str) -> Origin:
        fips, dual_stack = self.use_fips_endpoint, self.use_dualstack_endpoint
        return endpoint(service, region, fips=fips, dual_stack=dual_stack)

    def check_endpoints(self) -> None:
        """Raise SettingsError where AWS's kinds of endpoints are asked for, and others than AWS's are given."""
        given = self.endpoint_url or self.endpoint_url_secrets_manager or self.endpoint_url_sts
        if not given or self.ignore_configured_endpoint_urls:
            return
        for variable, asked in (
            ("AWS_USE_FIPS_ENDPOINT", self.use_fips_endpoint),
            ("AWS_USE_DUALSTACK_ENDPOINT", self.use_dualstack_endpoint),
        ):
            if asked:
                raise SettingsError(
                    f"{variable}='true' cannot hold for {given}: expected no AWS_ENDPOINT_URL…, "
                    "or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS='true'"
                )
