"""AzureAuditTrail with the real engine, the azure-native plugin's stand-in and the laptop's fake, which keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.azure.directory import GROUP, SUBSCRIPTION, TENANT, Vault
from local.azure.server import OWNER
from local.pki import Authority
from tests.integration.real_parts import Stack
from tests.local.azure.running import Server

PASSWORD = "an-owners-password"
LOGS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/logs/providers"
WORKSPACE = f"{LOGS}/Microsoft.OperationalInsights/workspaces/audit"
ACTIONS = f"{LOGS}/Microsoft.Insights/actionGroups/security"
PROGRAM = """
import pulumi, pulumi_azure_native as azure
from secret_access import AzureAuditTrail

subscription = azure.Provider("azure", metadata_host={host!r}, subscription_id={subscription!r}, tenant_id={tenant!r})
given = {{"vault_ids": {vaults!r}, "workspace_id": {workspace!r}, "action_group_ids": [{actions!r}]}}
given |= {{"resource_group": {group!r}, "location": "westeurope"}}
trail = AzureAuditTrail("audit", given, pulumi.ResourceOptions(providers=[subscription]))
pulumi.export("rule", trail.rule_id)
pulumi.export("refusals", trail.refusals)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A subscription with two vaults."""
    started = Server(Authority(tmp_path / "pki"), PASSWORD, {})
    started.azure.directory.vaults = {f"{name}.example": Vault(name) for name in ("shop-test", "shop-prod")}
    started.begin()
    yield started
    started.end()


def test_from_preview_to_destroy(server: Server, stack: Stack) -> None:
    """Each vault is logged, and an alert looks at the log; a setting that somebody turns off shows and is repaired."""
    owner = {"ARM_CLIENT_ID": OWNER, "ARM_CLIENT_SECRET": PASSWORD, "SSL_CERT_FILE": str(server.ca)}
    stack = replace(stack, env={**stack.env, **owner})
    stack.program(
        PROGRAM.format(
            host=server.url.removeprefix("https://"),
            subscription=SUBSCRIPTION,
            tenant=TENANT,
            vaults={vault.name: vault.id for vault in server.azure.directory.vaults.values()},
            workspace=WORKSPACE,
            actions=ACTIONS,
            group=GROUP.rpartition("/")[2],
        )
    )
    documents = server.azure.directory.documents
    stack.pulumi("preview")
    assert documents == {}
    stack.up()
    rule = f"{GROUP}/providers/Microsoft.Insights/scheduledQueryRules/secret-access-refusals"
    outputs = stack.outputs()
    assert outputs["rule"] == rule
    made = documents[rule.lower()]["properties"]
    assert made["criteria"]["allOf"][0]["query"] == outputs["refusals"]
    assert made["actions"] == {"actionGroups": [ACTIONS]}
    settings = [document for key, document in documents.items() if "diagnosticsettings" in key]
    assert [setting["properties"]["logs"] for setting in settings] == [
        [{"category": "AuditEvent", "enabled": True}]
    ] * 2
    stack.pulumi("preview", "--refresh", "--expect-no-changes")

    settings[0]["properties"]["logs"] = [{"category": "AuditEvent", "enabled": False}]
    assert "enabled" in stack.pulumi("preview", "--refresh", "--diff")
    stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    key = settings[0]["id"].lower()
    assert documents[key]["properties"]["logs"] == [{"category": "AuditEvent", "enabled": True}]

    stack.pulumi("destroy", "--yes")
    assert documents == {}
