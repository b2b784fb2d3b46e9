"""What is logged of a vault, and which entries are refusals: a query of Log Analytics. Pure.

Sources: Azure Key Vault, "Azure Key Vault logging"; Azure Monitor Logs reference, "AZKVAuditLogs".
"""

from typing import Any

CATEGORY = "AuditEvent"
TABLE = "Dedicated"
"""Logs go to the resource's own table, AZKVAuditLogs, and not to AzureDiagnostics, which all resources share."""
REFUSALS = 'AZKVAuditLogs | where HttpStatusCode == 403 and OperationName startswith "Secret"'
"""A 401 is the first half of each login: Key Vault answers so to say where to get a token."""


def logs() -> list[dict[str, Any]]:
    """Return what a diagnostic setting sends on."""
    return [{"category": CATEGORY, "enabled": True}]


def criteria() -> dict[str, Any]:
    """Return when the alert fires: at one refusal, by vault."""
    return {
        "allOf": [
            {
                "query": REFUSALS,
                "timeAggregation": "Count",
                "operator": "GreaterThan",
                "threshold": 0,
                "resourceIdColumn": "_ResourceId",
                "failingPeriods": {"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
            }
        ]
    }
