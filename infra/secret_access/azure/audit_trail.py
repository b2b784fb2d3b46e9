"""Who read a secret, kept, and who was refused, told: Key Vault's diagnostic settings and an alert on them."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import monitor

from ..arguments import Arguments
from ..checks import tags as check_tags
from ..inputs import children_of, lift
from . import audit_checks, audit_documents
from . import checks as azure_checks


class AzureAuditTrailArgs(TypedDict):
    """Arguments of AzureAuditTrail."""

    vault_ids: Mapping[str, pulumi.Input[str]]
    """Resource ids of the vaults, by names of yours: the outputs `vault_id` of AzureSecretAccess.
    Example: `{"test": "/subscriptions/…/providers/Microsoft.KeyVault/vaults/shop-test"}`."""
    workspace_id: pulumi.Input[str]
    """Resource id of the Log Analytics workspace that keeps the log.
    Example: `/subscriptions/…/providers/Microsoft.OperationalInsights/workspaces/audit`."""
    resource_group: pulumi.Input[str]
    """The resource group of the alert, which must exist. Example: `secrets`."""
    location: pulumi.Input[str]
    """The region of the alert: the workspace's. Example: `westeurope`."""
    action_group_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Action groups that get refusals. Default: none, the alert is in the portal alone.
    Example: `["/subscriptions/…/providers/Microsoft.Insights/actionGroups/security"]`."""
    storage_account_id: NotRequired[pulumi.Input[str]]
    """A storage account that keeps the log too, for longer. Default: none.
    Example: `/subscriptions/…/providers/Microsoft.Storage/storageAccounts/audit`."""
    setting_name: NotRequired[pulumi.Input[str]]
    """Name of each vault's diagnostic setting. Default: `secret-access`."""
    rule_name: NotRequired[pulumi.Input[str]]
    """Name of the alert, unique in the resource group. Default: `secret-access-refusals`."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Tags of the alert. Default: none. Example: `{"team": "platform"}`."""


class AzureAuditTrail(pulumi.ComponentResource):
    """Keeps who read secrets of some vaults, and tells who was refused one: once for a workspace.

    Creates a diagnostic setting of each vault, which sends its audit events to the workspace, and an alert on refused
    calls.
    """

    rule_id: pulumi.Output[str]
    """Resource id of the alert, known once all vaults are logged."""
    refusals: pulumi.Output[str]
    """The query of refused calls, for Log Analytics or an alert of your own."""

    def __init__(self, name: str, args: AzureAuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"AzureAuditTrail {name!r}", args, AzureAuditTrailArgs, example='{"vault_ids": {…}}')
        vaults = given.plain("vault_ids", audit_checks.vault_names, by_name=True)
        ids = {key: given.check(audit_checks.vault, vault) for key, vault in vaults.items()}
        workspace = given.take("workspace_id", audit_checks.workspace)
        group = given.take("resource_group", azure_checks.resource_group)
        location = given.take("location", azure_checks.location)
        actions = given.take("action_group_ids", audit_checks.action_groups, [])
        storage = given.optional("storage_account_id", audit_checks.storage)
        setting_name = given.named("setting_name", audit_checks.name, "secret-access")
        rule_name = given.named("rule_name", audit_checks.name, "secret-access-refusals")
        tags = given.take("tags", check_tags)
        # Nothing is made before all are known
        workspace = lift(
            _first, workspace, group, location, actions, storage, setting_name, rule_name, tags, *ids.values()
        )
        super().__init__("secret-access:index:AzureAuditTrail", name, {}, opts)
        child = children_of(self, opts)

        logs: Any = audit_documents.logs()
        settings = [
            monitor.DiagnosticSetting(
                f"{name}-{key}",
                name=setting_name,
                resource_uri=vault,
                workspace_id=workspace,
                storage_account_id=storage,
                log_analytics_destination_type=audit_documents.TABLE,
                logs=logs,
                opts=child,
            )
            for key, vault in ids.items()
        ]
        criteria: Any = audit_documents.criteria()
        rule = monitor.ScheduledQueryRule(
            f"{name}-rule",
            rule_name=rule_name,
            resource_group_name=group,
            location=location,
            description="Refused calls of Key Vault",
            kind="LogAlert",
            scopes=[workspace],
            criteria=criteria,
            actions={"action_groups": actions},
            severity=2,
            enabled=True,
            # Entries arrive up to ten minutes late: each evaluation looks back further than to the one before
            evaluation_frequency="PT5M",
            window_size="PT15M",
            auto_mitigate=True,
            # The table is there once a vault has sent its first entry
            skip_query_validation=True,
            tags=tags,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=settings)),
        )
        self.rule_id = rule.id
        self.refusals = pulumi.Output.from_input(audit_documents.REFUSALS)
        self.register_outputs({"ruleId": self.rule_id, "refusals": self.refusals})


def _first(workspace: str, *_: object) -> str:
    return workspace
