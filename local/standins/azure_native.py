"""The stand-in for the azure-native provider plugin: identities, vaults, role assignments and audits by Azure's API.

Names, ids and defaults are those of the real one: https://www.pulumi.com/registry/packages/azure-native/. It signs in
with a client secret (``ARM_CLIENT_ID``, ``ARM_CLIENT_SECRET``), and knows no Azure but one whose ``metadataHost`` says
where its services are.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from local import config
from local.standins import azure_monitor
from local.standins.azure_resource import Resource, tags_of
from local.standins.cloud import Cloud
from local.standins.errors import Refused
from local.standins.protocol import Properties
from local.standins.provider import run
from local.standins.rest import Rest

IDENTITIES = "2023-01-31"
VAULTS = "2024-11-01"
ASSIGNMENTS = "2022-04-01"
GROUPS = "2024-03-01"
ENDPOINTS = "2022-09-01"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def main(_arguments: list[str]) -> None:
    """Serve the engine."""
    run(AzureNative())


class Api:
    """Azure Resource Manager, in one subscription."""

    def __init__(self, rest: Rest, subscription: str) -> None:
        self._rest = rest
        self.subscription = subscription

    def group(self, name: str) -> str:
        """The id of a resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{name}"

    def get(self, identity: str, version: str) -> Properties:
        """Read; raises Gone where there is no such thing."""
        found: Properties = self._rest.get(f"{identity}?api-version={version}")
        return found

    def put(self, identity: str, version: str, document: Properties) -> None:
        """Create or replace."""
        self._rest.put(f"{identity}?api-version={version}", document)

    def delete(self, identity: str, version: str) -> None:
        """Delete."""
        self._rest.delete(f"{identity}?api-version={version}")


class UserAssignedIdentity(Resource):
    """https://learn.microsoft.com/rest/api/managedidentity/user-assigned-identities"""

    type_name = "azure-native:managedidentity:UserAssignedIdentity"
    version = IDENTITIES
    replaces = ("location", "resourceGroupName", "resourceName")
    named = "resourceName"
    computed = (*Resource.computed, "clientId", "principalId", "tenantId")

    def path(self, inputs: Properties) -> str:
        group = self.api.group(inputs["resourceGroupName"])
        return f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{inputs['resourceName']}"

    def document(self, inputs: Properties) -> Properties:
        return {"location": inputs["location"], "tags": inputs.get("tags") or {}}

    def inputs_of(self, found: Properties) -> Properties:
        names = {"resourceGroupName": found["id"].split("/")[4], "resourceName": found["name"]}
        return {**names, "location": found["location"], **tags_of(found)}

    def known_of(self, found: Properties) -> Properties:
        return {**super().known_of(found), **found["properties"]}


class FederatedIdentityCredential(Resource):
    """https://learn.microsoft.com/rest/api/managedidentity/federated-identity-credentials"""

    type_name = "azure-native:managedidentity:FederatedIdentityCredential"
    version = IDENTITIES
    replaces = ("federatedIdentityCredentialResourceName", "resourceGroupName", "resourceName")
    named = "federatedIdentityCredentialResourceName"

    def path(self, inputs: Properties) -> str:
        identity = UserAssignedIdentity(self.api).path(inputs)
        return f"{identity}/federatedIdentityCredentials/{inputs['federatedIdentityCredentialResourceName']}"

    def document(self, inputs: Properties) -> Properties:
        return {"properties": {key: inputs[key] for key in ("audiences", "issuer", "subject")}}

    def inputs_of(self, found: Properties) -> Properties:
        parts = found["id"].split("/")
        return {
            "resourceGroupName": parts[4],
            "resourceName": parts[8],
            "federatedIdentityCredentialResourceName": found["name"],
            **found["properties"],
        }


class Vault(Resource):
    """https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults"""

    type_name = "azure-native:keyvault:Vault"
    version = VAULTS
    replaces = ("location", "resourceGroupName", "vaultName")
    named = "vaultName"
    computed = (*Resource.computed, "properties")

    def path(self, inputs: Properties) -> str:
        group = self.api.group(inputs["resourceGroupName"])
        return f"{group}/providers/Microsoft.KeyVault/vaults/{inputs['vaultName']}"

    def document(self, inputs: Properties) -> Properties:
        return {**{key: inputs[key] for key in ("location", "properties")}, "tags": inputs.get("tags") or {}}

    def inputs_of(self, found: Properties) -> Properties:
        unset = {"accessPolicies": [], "softDeleteRetentionInDays": 90}
        properties = {
            key: value
            for key, value in found["properties"].items()
            if key not in ("provisioningState", "vaultUri") and unset.get(key) != value
        }
        names = {"resourceGroupName": found["id"].split("/")[4], "vaultName": found["name"]}
        return {**names, "location": found["location"], "properties": properties, **tags_of(found)}

    def known_of(self, found: Properties) -> Properties:
        return {**super().known_of(found), "properties": found["properties"]}

    def same(self, key: str, old: Any, new: Any) -> bool:
        """How a vault was made is not read back."""
        if key == "properties" and isinstance(old, dict) and isinstance(new, dict):
            return {**old, "createMode": None} == {**new, "createMode": None}
        return super().same(key, old, new)


class RoleAssignment(Resource):
    """https://learn.microsoft.com/rest/api/authorization/role-assignments"""

    type_name = "azure-native:authorization:RoleAssignment"
    version = ASSIGNMENTS
    replaces = ("principalId", "principalType", "roleAssignmentName", "roleDefinitionId", "scope")
    named = "roleAssignmentName"
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("condition", "conditionVersion", "delegatedManagedIdentityResourceId", "description"), "leave it out"
    )

    def auto_name(self, name: str, random: str) -> str:
        del name
        return str(uuid.UUID(random[:16].ljust(32, "0")))

    def path(self, inputs: Properties) -> str:
        name = inputs["roleAssignmentName"]
        return f"{inputs['scope']}/providers/Microsoft.Authorization/roleAssignments/{name}"

    def document(self, inputs: Properties) -> Properties:
        return {"properties": {key: inputs[key] for key in ("principalId", "principalType", "roleDefinitionId")}}

    def inputs_of(self, found: Properties) -> Properties:
        return {"roleAssignmentName": found["name"], **found["properties"]}

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Ids are the same in upper and lower case."""
        del key
        return isinstance(old, str) and isinstance(new, str) and old.lower() == new.lower()


class AzureNative(Cloud):
    """Resources of one subscription."""

    package = "azure-native"
    settings = frozenset({"clientId", "clientSecret", "environment", "metadataHost", "subscriptionId", "tenantId"})
    kinds = (UserAssignedIdentity, FederatedIdentityCredential, Vault, RoleAssignment, *azure_monitor.KINDS)

    def configure_api(self, inputs: Properties) -> Api:
        given = {
            key: inputs.get(key) or os.environ.get(variable)
            for key, variable in (
                ("metadataHost", "ARM_METADATA_HOSTNAME"),
                ("subscriptionId", "ARM_SUBSCRIPTION_ID"),
                ("tenantId", "ARM_TENANT_ID"),
                ("clientId", "ARM_CLIENT_ID"),
                ("clientSecret", "ARM_CLIENT_SECRET"),
            )
        }
        if missing := [key for key, value in given.items() if not value]:
            raise Refused(
                f"the azure-native stand-in needs {', '.join(missing)}: it reaches no Azure but one whose metadataHost "
                "says where its services are, and signs in with a client secret"
            )
        host = str(given["metadataHost"])
        trusted = _authority(host)
        (endpoints,) = Rest(f"https://{host}", {}, trusted).get(f"/metadata/endpoints?api-version={ENDPOINTS}")
        form = {
            "grant_type": "client_credentials",
            "client_id": given["clientId"],
            "client_secret": given["clientSecret"],
            "scope": f"{endpoints['authentication']['audiences'][0]}/.default",
        }
        login = Rest(endpoints["authentication"]["loginEndpoint"], FORM, trusted)
        signed_in = login.post(f"/{given['tenantId']}/oauth2/v2.0/token", urlencode(form).encode())
        headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
        return Api(Rest(endpoints["resourceManager"], headers, trusted), str(given["subscriptionId"]))

    def functions(self, inputs: Properties) -> Mapping[str, Callable[[], Properties]]:
        return {"azure-native:resources:getResourceGroup": lambda: self._group(inputs["resourceGroupName"])}

    def _group(self, name: str) -> Properties:
        found = self.api.get(self.api.group(name), GROUPS)
        return {"azureApiVersion": GROUPS, **found}


def _authority(host: str) -> str | None:
    """The file of authorities to trust: the machine's own for the laptop's Azure, else the person's or the system's."""
    ours = f"https://{host}" == config.AZURE_URL
    return str(config.PKI / "ca.crt") if ours else os.environ.get("SSL_CERT_FILE")
