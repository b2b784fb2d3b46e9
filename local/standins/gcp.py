"""The stand-in for the gcp provider plugin: IAM, its pools, policies of secrets and audits, by Google's own REST APIs.

It works with the laptop's fake of Google Cloud (local/google) alone, at the addresses that its settings give. Names
and defaults are those of the real one: https://www.pulumi.com/registry/packages/gcp/. Where they differ: a project has
to be named by each resource, and the ids of bindings have spaces between their parts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from local.standins import gcp_audit
from local.standins.cloud import Cloud
from local.standins.errors import Refused
from local.standins.gcp_policies import (
    AccountIamMember,
    AccountIamPolicy,
    ProjectIamBinding,
    ProjectIamMember,
    RegionalSecretIamBinding,
    RegionalSecretIamMember,
    SecretIamBinding,
    SecretIamMember,
)
from local.standins.gcp_pools import Pool, Provider
from local.standins.gcp_service_accounts import Account
from local.standins.protocol import Properties
from local.standins.provider import run
from local.standins.rest import Rest

ENDPOINTS = {
    "projects": "resourceManagerCustomEndpoint",
    "accounts": "iamCustomEndpoint",
    "pools": "iamBetaCustomEndpoint",
    "secrets": "secretManagerCustomEndpoint",
    "regional": "secretManagerRegionalCustomEndpoint",
    "logging": "loggingCustomEndpoint",
    "monitoring": "monitoringCustomEndpoint",
}
"""The settings with the addresses of the APIs, by the names that the kinds know them by."""


def main(_arguments: list[str]) -> None:
    """Serve the engine."""
    run(Gcp())


class Api:
    """Google Cloud as the provider's settings reach it."""

    def __init__(self, inputs: Properties) -> None:
        token = inputs.get("accessToken") or os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN")
        if not token:
            raise Refused("no credentials: set accessToken, or GOOGLE_OAUTH_ACCESS_TOKEN")
        headers = {"Authorization": f"Bearer {token}"}
        self._apis = {name: Rest(inputs[key], headers) for name, key in ENDPOINTS.items() if inputs.get(key)}

    def of(self, name: str) -> Rest:
        """The API of that name."""
        if name not in self._apis:
            raise Refused(f"the gcp stand-in reaches no API of Google's own: set {ENDPOINTS[name]}")
        return self._apis[name]


class Gcp(Cloud):
    """Resources of Google Cloud."""

    package = "gcp"
    settings = frozenset(
        {"accessToken", "cloudResourceManagerCustomEndpoint", "project", "region", *ENDPOINTS.values()}
    )
    kinds = (
        Account,
        AccountIamMember,
        AccountIamPolicy,
        Pool,
        ProjectIamBinding,
        ProjectIamMember,
        Provider,
        RegionalSecretIamBinding,
        RegionalSecretIamMember,
        SecretIamBinding,
        SecretIamMember,
        *gcp_audit.KINDS,
    )

    def configure_api(self, inputs: Properties) -> Api:
        return Api(inputs)

    def functions(self, inputs: Properties) -> Mapping[str, Callable[[], Properties]]:
        return {"gcp:organizations/getProject:getProject": lambda: self._project(str(inputs.get("projectId")))}

    def _project(self, project: str) -> Properties:
        """https://cloud.google.com/resource-manager/reference/rest/v1/projects/get"""
        found = self.api.of("projects").get(f"/projects/{project}")
        known = {"projectId": found["projectId"], "number": found["projectNumber"], "name": found["name"]}
        return {"id": f"projects/{project}", **known}
