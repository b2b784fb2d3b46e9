"""Azure Resource Manager: what of its REST API the laptop's stacks need, at the real paths, for whoever may manage.

https://learn.microsoft.com/rest/api/resources/, .../managedidentity/, .../keyvault/, .../authorization/, .../monitor/
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from local.azure import identities, monitoring, role_assignments, subscription, vaults
from local.azure.directory import GROUP, MANAGEMENT_RESOURCE, SUBSCRIPTION, Directory
from local.azure.refusal import Refused
from local.azure.roles import may_manage, may_read
from local.http_service import Reply, Request

LOCATION = "westeurope"
Handler = Callable[..., Reply]
_SUBSCRIPTION = rf"/subscriptions/{SUBSCRIPTION}"
_AVAILABLE = rf"{_SUBSCRIPTION}/providers/Microsoft\.KeyVault/checkNameAvailability"
_GROUP = rf"(?P<group>/subscriptions/{SUBSCRIPTION}/resourceGroups/[^/]+)"
_IDENTITY = rf"(?P<identity>{_GROUP}/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/(?P<name>[^/]+))"
_DELETED = rf"/subscriptions/{SUBSCRIPTION}/providers/Microsoft\.KeyVault/locations/[^/]+/deletedVaults"
_ROUTES: tuple[tuple[str, Handler], ...] = (
    (rf"{_IDENTITY}", identities.identity),
    (rf"{_IDENTITY}/federatedIdentityCredentials(?:/(?P<credential>[^/]+))?", identities.credentials),
    (rf"{_GROUP}/providers/Microsoft\.KeyVault/vaults/(?P<name>[^/]+)", vaults.vault),
    (rf"{_GROUP}/providers/Microsoft\.KeyVault/vaults", vaults.listed),
    (rf"{_DELETED}/(?P<name>[^/]+)/purge", vaults.purge),
    (rf"{_SUBSCRIPTION}", subscription.itself),
    (rf"{_SUBSCRIPTION}/providers/(?P<name>[^/]+)", subscription.provider),
    (rf"{_SUBSCRIPTION}/providers/Microsoft\.Authorization/roleAssignmentsUsageMetrics", subscription.usage),
    (rf"{_GROUP}/providers/Microsoft\.Authorization/permissions", subscription.permissions),
    (rf"{_SUBSCRIPTION}/providers/Microsoft\.KeyVault/deletedVaults", subscription.deleted_vaults),
    (rf"{_AVAILABLE}", subscription.availability),
    (
        r"(?P<scope>/.*)/providers/Microsoft\.Insights/diagnosticSettings/(?P<name>[^/]+)",
        monitoring.diagnostic_setting,
    ),
    (rf"{_GROUP}/providers/Microsoft\.Insights/scheduledQueryRules/(?P<name>[^/]+)", monitoring.query_rule),
    (
        r"(?P<scope>/.*)/providers/Microsoft\.Authorization/roleAssignments(?:/(?P<name>[^/]+))?",
        role_assignments.assignments,
    ),
)
READS = re.compile(_AVAILABLE, re.IGNORECASE)
"""A question that is a POST."""
ROUTES = tuple((re.compile(pattern, re.IGNORECASE), handler) for pattern, handler in _ROUTES)


class ResourceManager:
    """The resources of a directory. ``url`` is where the service is; ``serve`` gives a new vault an address."""

    def __init__(self, directory: Directory, url: Callable[[], str], serve: Callable[[], str]) -> None:
        self._directory = directory
        self._url = url
        self._serve = serve

    def answer(self, request: Request) -> Reply | None:
        """Answer, or None where the request is for something else."""
        if request.path == "/metadata/endpoints":
            return self._endpoints()
        if not request.path.lower().startswith("/subscriptions/"):
            return None
        try:
            self._authorize(request)
            return self._handled(request)
        except Refused as refused:
            return refused.reply

    def _handled(self, request: Request) -> Reply:
        path = request.path.lower()
        if "/resourcegroups/" in path and not f"{path}/".startswith(f"{GROUP.lower()}/"):
            raise Refused(404, "ResourceGroupNotFound", f"There is one resource group, {GROUP}.")
        for route, handler in ROUTES:
            if found := route.fullmatch(request.path):
                return handler(self._directory, request, serve=self._serve, **found.groupdict())
        if request.method == "GET" and path == GROUP.lower():
            name = GROUP.rpartition("/")[2]
            return Reply(
                {
                    "id": GROUP,
                    "name": name,
                    "type": "Microsoft.Resources/resourceGroups",
                    "location": LOCATION,
                    "properties": {"provisioningState": "Succeeded"},
                }
            )
        raise Refused(404, "NotFound", f"There is no {request.path}.")

    def _authorize(self, request: Request) -> None:
        access = self._directory.tokens.get(request.bearer)
        if access is None or access.resource != MANAGEMENT_RESOURCE or access.expires < time.time():
            raise Refused(
                401, "InvalidAuthenticationToken", "The access token is missing, expired or of another resource."
            )
        if not request.query.get("api-version"):
            raise Refused(
                400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required."
            )
        principal = self._directory.principal_of(access.client_id)
        may = may_read if request.method == "GET" or READS.fullmatch(request.path) else may_manage
        if not may(self._directory.assignments, principal, request.path):
            raise Refused(
                403,
                "AuthorizationFailed",
                f"The client '{access.client_id}' does not have authorization to perform action over scope "
                f"'{request.path}' or the scope is invalid.",
            )

    def _endpoints(self) -> Reply:
        """Where this cloud's services are, as clients of other clouds than the public one ask."""
        url = self._url()
        cloud: dict[str, Any] = {
            "name": "AzureCloud",
            "resourceManager": url,
            "authentication": {"loginEndpoint": url, "audiences": [MANAGEMENT_RESOURCE], "tenant": "common"},
        }
        return Reply([cloud])
