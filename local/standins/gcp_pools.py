"""Workload identity pools of the gcp package, and their providers.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins.errors import Gone
from local.standins.gcp_service_accounts import NO_PROJECT
from local.standins.kinds import Kind
from local.standins.protocol import Properties
from local.standins.schema import Failure


class _InPools(Kind):
    """What IAM only marks as deleted, and then has no more."""

    settings: ClassVar[tuple[str, ...]]
    """Inputs that can be changed, as the API calls them too."""
    computed = ("name", "state")

    def faults(self, inputs: Properties) -> list[Failure]:
        return [] if inputs.get("project") else [NO_PROJECT]

    def found(self, identity: str) -> dict[str, Any]:
        """The document; raises Gone where it is deleted."""
        document: dict[str, Any] = self.api.of("pools").get(f"/{identity}")
        if document["state"] == "DELETED":
            raise Gone(f"{identity} is deleted")
        return document

    def body(self, inputs: Properties) -> Properties:
        """What is written of the inputs."""
        return {key: inputs[key] for key in self.settings if key in inputs}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del live
        body = {key: inputs.get(key) for key in self.settings}
        self.api.of("pools").patch(f"/{identity}?updateMask={','.join(self.settings)}", body)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.api.of("pools").delete(f"/{identity}")


class Pool(_InPools):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/iam/workloadidentitypool/"""

    type_name = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
    replaces = ("workloadIdentityPoolId", "project")
    settings = ("displayName", "description", "disabled")
    none_when_empty = settings
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("attestationRules", "deletionPolicy", "inlineCertificateIssuanceConfig", "inlineTrustConfig", "mode"),
        "leave it out",
    )

    def create(self, inputs: Properties) -> str:
        parent = f"projects/{inputs['project']}/locations/global/workloadIdentityPools"
        new = inputs["workloadIdentityPoolId"]
        self.api.of("pools").post(f"/{parent}?workloadIdentityPoolId={new}", self.body(inputs))
        return f"{parent}/{new}"

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = self.found(identity)
        _, project, *_, pool = identity.split("/")
        inputs = {key: found[key] for key in self.settings if found.get(key)}
        return {"project": project, "workloadIdentityPoolId": pool, **inputs}, _known(found)


class Provider(_InPools):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/iam/workloadidentitypoolprovider/"""

    type_name = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
    replaces = ("workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project")
    settings = ("displayName", "description", "disabled", "attributeMapping", "attributeCondition", "oidc")
    none_when_empty = settings
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(("aws", "deletionPolicy", "saml", "x509"), "use oidc")

    def create(self, inputs: Properties) -> str:
        pool = f"projects/{inputs['project']}/locations/global/workloadIdentityPools/{inputs['workloadIdentityPoolId']}"
        new = inputs["workloadIdentityPoolProviderId"]
        self.api.of("pools").post(f"/{pool}/providers?workloadIdentityPoolProviderId={new}", self.body(inputs))
        return f"{pool}/providers/{new}"

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = self.found(identity)
        _, project, _, _, _, pool, _, provider = identity.split("/")
        inputs = {key: found[key] for key in self.settings if found.get(key)}
        names = {"workloadIdentityPoolId": pool, "workloadIdentityPoolProviderId": provider}
        return {"project": project, **names, **inputs}, _known(found)


def _known(found: Properties) -> Properties:
    return {"name": found["name"], "state": found["state"]}
