"""The resources of Azure Monitor that the stand-in knows: diagnostic settings, and alerts on queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins.azure_resource import Resource, tags_of
from local.standins.protocol import Properties

SETTINGS = "2021-05-01-preview"
RULES = "2023-12-01"
SENT = ("logAnalyticsDestinationType", "logs", "storageAccountId", "workspaceId")
JUDGED = (
    "autoMitigate",
    "criteria",
    "description",
    "enabled",
    "evaluationFrequency",
    "scopes",
    "severity",
    "skipQueryValidation",
    "windowSize",
)


class DiagnosticSetting(Resource):
    """https://learn.microsoft.com/rest/api/monitor/diagnostic-settings"""

    type_name = "azure-native:monitor:DiagnosticSetting"
    version = SETTINGS
    replaces = ("name", "resourceUri")
    named = "name"
    computed: ClassVar[tuple[str, ...]] = ("azureApiVersion", "type")
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("eventHubAuthorizationRuleId", "eventHubName", "marketplacePartnerId", "metrics", "serviceBusRuleId"),
        "leave it out",
    )

    def path(self, inputs: Properties) -> str:
        return f"{inputs['resourceUri']}/providers/Microsoft.Insights/diagnosticSettings/{inputs['name']}"

    def document(self, inputs: Properties) -> Properties:
        return {"properties": {key: inputs[key] for key in SENT if key in inputs}}

    def inputs_of(self, found: Properties) -> Properties:
        of = found["id"].rpartition("/providers/")[0]
        return {"name": found["name"], "resourceUri": of, **found["properties"]}

    def known_of(self, found: Properties) -> Properties:
        return {"azureApiVersion": self.version, "type": found["type"]}


class ScheduledQueryRule(Resource):
    """https://learn.microsoft.com/rest/api/monitor/scheduled-query-rules"""

    type_name = "azure-native:monitor:ScheduledQueryRule"
    version = RULES
    replaces = ("kind", "location", "resourceGroupName", "ruleName")
    named = "ruleName"
    none_when_empty = ("tags", "actions")

    def path(self, inputs: Properties) -> str:
        group = self.api.group(inputs["resourceGroupName"])
        return f"{group}/providers/Microsoft.Insights/scheduledQueryRules/{inputs['ruleName']}"

    def document(self, inputs: Properties) -> Properties:
        sent = {key: inputs[key] for key in (*JUDGED, "actions") if key in inputs}
        whole = {"location": inputs["location"], "tags": inputs.get("tags") or {}, "properties": sent}
        return {**whole, **({"kind": inputs["kind"]} if "kind" in inputs else {})}

    def inputs_of(self, found: Properties) -> Properties:
        names = {"resourceGroupName": found["id"].split("/")[4], "ruleName": found["name"]}
        kind = {"kind": found["kind"]} if "kind" in found else {}
        return {**names, **kind, "location": found["location"], **found["properties"], **tags_of(found)}

    def same(self, key: str, old: Any, new: Any) -> bool:
        """The engine writes whole numbers as floats."""
        return old == new or super().same(key, old, new)


KINDS: tuple[type[Resource], ...] = (DiagnosticSetting, ScheduledQueryRule)
