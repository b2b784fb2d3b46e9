"""The resources of an audit trail that the stand-in knows: audit configurations, sinks and alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins.errors import Gone
from local.standins.gcp_service_accounts import NO_PROJECT
from local.standins.kinds import Kind
from local.standins.protocol import Properties
from local.standins.schema import Failure


class OfProject(Kind):
    """A resource that has to name its project."""

    def faults(self, inputs: Properties) -> list[Failure]:
        return [] if inputs.get("project") else [NO_PROJECT]


class IamAuditConfig(OfProject):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/projects/iamauditconfig/"""

    type_name = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
    replaces = ("project", "service")
    sets = ("auditLogConfigs",)
    computed = ("etag",)

    def create(self, inputs: Properties) -> str:
        self._write(inputs["project"], inputs["service"], inputs["auditLogConfigs"])
        return f"projects/{inputs['project']}/audit_config/{inputs['service']}"

    def read(self, identity: str) -> tuple[Properties, Properties]:
        _, project, _, service = identity.split("/")
        policy = self._policy(project)
        for config in policy.get("auditConfigs", []):
            if config["service"] == service:
                inputs = {"project": project, "service": service, "auditLogConfigs": config["auditLogConfigs"]}
                return inputs, {"etag": policy["etag"]}
        raise Gone(f"nothing of {service} is logged there besides writes")

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del identity
        self._write(inputs["project"], inputs["service"], [])

    def _policy(self, project: str) -> Properties:
        body = {"options": {"requestedPolicyVersion": 3}}
        found: Properties = self.api.of("projects").post(f"/projects/{project}:getIamPolicy", body)
        return found

    def _write(self, project: str, service: str, configs: list[Properties]) -> None:
        policy = self._policy(project)
        others = [config for config in policy.get("auditConfigs", []) if config["service"] != service]
        new = [*others, *([{"service": service, "auditLogConfigs": configs}] if configs else [])]
        changed = {**policy, "version": 3, "auditConfigs": new}
        body = {"policy": changed, "updateMask": "bindings,etag,auditConfigs"}
        self.api.of("projects").post(f"/projects/{project}:setIamPolicy", body)


class Document(OfProject):
    """A resource that is written whole."""

    service: ClassVar[str]
    collection: ClassVar[str]
    sent: ClassVar[tuple[str, ...]]

    def create(self, inputs: Properties) -> str:
        path = f"/projects/{inputs['project']}/{self.collection}"
        made = self.api.of(self.service).post(path, self._sent(inputs))
        return f"projects/{inputs['project']}/{self.collection}/{str(made['name']).rpartition('/')[2]}"

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = self.api.of(self.service).get(f"/{identity}")
        inputs = {key: found[key] for key in self.sent if key in found}
        return {"project": identity.split("/")[1], **inputs}, {key: found[key] for key in self.computed}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del live
        self.api.of(self.service).patch(f"/{identity}", self._sent(inputs))

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.api.of(self.service).delete(f"/{identity}")

    def _sent(self, inputs: Properties) -> Properties:
        return {key: inputs[key] for key in self.sent if key in inputs}


class ProjectSink(Document):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/logging/projectsink/"""

    type_name = "gcp:logging/projectSink:ProjectSink"
    service, collection = "logging", "sinks"
    sent = ("name", "destination", "filter")
    replaces = ("name", "project", "uniqueWriterIdentity")
    named = "name"
    computed = ("writerIdentity",)
    not_read = ("uniqueWriterIdentity",)
    defaults: ClassVar[Mapping[str, Any]] = {"uniqueWriterIdentity": True}
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("bigqueryOptions", "customWriterIdentity", "deletionPolicy", "description", "disabled", "exclusions"),
        "leave it out",
    )


class AlertPolicy(Document):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/monitoring/alertpolicy/"""

    type_name = "gcp:monitoring/alertPolicy:AlertPolicy"
    service, collection = "monitoring", "alertPolicies"
    sent = ("displayName", "combiner", "conditions", "alertStrategy", "notificationChannels", "enabled")
    replaces = ("project",)
    computed = ("name",)
    none_when_empty = ("notificationChannels",)
    defaults: ClassVar[Mapping[str, Any]] = {"enabled": True}
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("deletionPolicy", "documentation", "severity", "userLabels"), "leave it out"
    )


KINDS: tuple[type[Kind], ...] = (AlertPolicy, IamAuditConfig, ProjectSink)
