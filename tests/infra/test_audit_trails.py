"""What GcpAuditTrail and AzureAuditTrail ask of their clouds, each input one that the pinned SDK has."""

from typing import Any, cast

import pytest

from local.standins.schema import Sdk
from secret_access import AzureAuditTrail, AzureAuditTrailArgs, GcpAuditTrail, GcpAuditTrailArgs, InvalidArgument
from secret_access.azure.audit_checks import ACTIONS, STORAGE, WORKSPACE
from secret_access.gcp.audit_checks import EXAMPLE_CHANNEL
from tests.infra.azure.component import VAULT_ID
from tests.infra.components import Program
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

READS = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
SINK = "gcp:logging/projectSink:ProjectSink"
SETTING = "azure-native:monitor:DiagnosticSetting"
RULE = "azure-native:monitor:ScheduledQueryRule"
DELAYS = [lambda value: value, Later]


def gcp_trail(**changed: Any) -> Program:
    """A program that makes a GcpAuditTrail; None leaves an argument out."""
    args = {"project": "my-project", **changed}
    given = cast("GcpAuditTrailArgs", {name: value for name, value in args.items() if value is not None})
    return lambda: GcpAuditTrail("audit", outputs_in(given))


def azure_trail(**changed: Any) -> Program:
    """A program that makes an AzureAuditTrail; None leaves an argument out."""
    args = {
        "vault_ids": {"test": VAULT_ID},
        "workspace_id": WORKSPACE,
        "resource_group": "secrets",
        "location": "westeurope",
        **changed,
    }
    given = cast("AzureAuditTrailArgs", {name: value for name, value in args.items() if value is not None})
    return lambda: AzureAuditTrail("audit", outputs_in(given))


def assert_known(world: World, package: str) -> None:
    """The pinned SDK has every type and every input that was asked for."""
    sdk = Sdk(package)
    made = [asked for asked in world.asked if asked.custom]
    assert made
    assert {asked.name: sdk.failures(asked.type, asked.inputs) for asked in made} == {asked.name: [] for asked in made}


@pytest.mark.parametrize("delay", DELAYS)
def test_google_logs_reads_and_tells_refusals(delay: Any) -> None:
    """Data Access logs are off until somebody turns them on; the alert is on the refused of the logged calls."""
    destination = "storage.googleapis.com/audit"
    channels = [EXAMPLE_CHANNEL]
    world = run(
        gcp_trail(
            project=delay("my-project"),
            notification_channels=delay(channels),
            sink_destination=delay(destination),
            sink_name=delay("mine"),
        )
    )
    assert_known(world, "gcp")
    reads = world.one(READS).inputs
    assert (reads["project"], reads["service"]) == ("my-project", "secretmanager.googleapis.com")
    assert reads["auditLogConfigs"] == [{"logType": "ADMIN_READ"}, {"logType": "DATA_READ"}]
    alert = world.one(ALERT).inputs
    (condition,) = alert["conditions"]
    refusals = condition["conditionMatchedLog"]["filter"]
    assert refusals.endswith("AND protoPayload.status.code=7")
    assert alert["notificationChannels"] == channels
    sink = world.one(SINK).inputs
    assert sink["name"] == "mine"
    assert (sink["destination"], sink["uniqueWriterIdentity"]) == (destination, True)
    assert refusals.startswith(sink["filter"])
    outputs = world.outputs["audit"]
    assert (outputs["project"], outputs["refusals"]) == ("my-project", refusals)
    assert run(gcp_trail()).of(SINK) == []


@pytest.mark.parametrize("delay", DELAYS)
def test_azure_logs_each_vault_and_tells_refusals(delay: Any) -> None:
    """The alert is made after the settings, and looks back further than to its last evaluation."""
    world = run(
        azure_trail(
            vault_ids={"test": delay(VAULT_ID), "prod": delay(f"{VAULT_ID}2")},
            storage_account_id=delay(STORAGE),
            action_group_ids=delay([ACTIONS]),
            tags={"team": "a"},
        )
    )
    assert_known(world, "azure-native")
    settings = {asked.name: asked.inputs for asked in world.of(SETTING)}
    assert {name: inputs["resourceUri"] for name, inputs in settings.items()} == {
        "audit-test": VAULT_ID,
        "audit-prod": f"{VAULT_ID}2",
    }
    for inputs in settings.values():
        assert inputs["logs"] == [{"category": "AuditEvent", "enabled": True}]
        assert inputs["logAnalyticsDestinationType"] == "Dedicated"
        assert (inputs["workspaceId"], inputs["storageAccountId"]) == (WORKSPACE, STORAGE)
    rule = world.one(RULE)
    assert rule.waits_for >= set(settings)
    assert rule.inputs["scopes"] == [WORKSPACE]
    assert rule.inputs["actions"] == {"actionGroups": [ACTIONS]}
    (condition,) = rule.inputs["criteria"]["allOf"]
    assert condition["query"] == world.outputs["audit"]["refusals"]


NO_GOOGLE: list[tuple[dict[str, Any], list[str]]] = [
    ({"project": None}, ["project: given None"]),
    ({"project": "projects/my-project"}, ["project is a resource name", "write my-project"]),
    ({"notification_channels": ["security"]}, ["notification_channels: given 'security'", EXAMPLE_CHANNEL]),
    ({"notification_channels": EXAMPLE_CHANNEL}, ["notification_channels", "a list"]),
    ({"notification_channels": [EXAMPLE_CHANNEL, EXAMPLE_CHANNEL]}, ["notification_channels", "twice"]),
    ({"sink_destination": "gs://audit"}, ["sink_destination: given 'gs://audit'", "without https:// or gs://"]),
    ({"sink_name": "a b", "sink_destination": "storage.googleapis.com/audit"}, ["sink_name: given 'a b'"]),
    ({"sink_name": "mine"}, ["sink_name without sink_destination", "no sink is made", "leave it out"]),
    ({"display_name": ""}, ["display_name: given ''"]),
    ({"exempted_members": []}, ["exempted_members is unknown"]),
]
NO_AZURE: list[tuple[dict[str, Any], list[str]]] = [
    ({"vault_ids": None}, ["vault_ids: given None"]),
    ({"vault_ids": {}}, ["vault_ids: given {}", "name each vault"]),
    ({"vault_ids": {"a b": VAULT_ID}}, ["vault_ids: given 'a b'"]),
    ({"vault_ids": {"test": "shop"}}, ["vault_id is a name", "az keyvault show"]),
    ({"workspace_id": "22222222-2222-2222-2222-222222222222"}, ["workspace_id is a UUID", "log-analytics workspace"]),
    ({"action_group_ids": ["security"]}, ["action_group_ids is a name", "az monitor action-group show"]),
    ({"action_group_ids": ACTIONS}, ["action_group_ids: given", "a list"]),
    ({"action_group_ids": [ACTIONS, ACTIONS]}, ["action_group_ids", "twice"]),
    ({"storage_account_id": VAULT_ID}, ["storage_account_id is not the resource id", "az storage account show"]),
    ({"resource_group": "a/b"}, ["resource_group"]),
    ({"location": "West Europe"}, ["location"]),
    ({"setting_name": "a b"}, ["setting_name: given 'a b'"]),
    ({"rule_name": ""}, ["rule_name: given ''"]),
]


def later(value: Any, delay: Any) -> Any:
    """The value, or each value of a mapping, whose names are plain."""
    if isinstance(value, dict):
        return {name: delay(one) for name, one in value.items()}
    return value if value is None else delay(value)


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize(
    ("component", "made", "changed", "message"),
    [("Gcp", READS, *mistake) for mistake in NO_GOOGLE] + [("Azure", SETTING, *mistake) for mistake in NO_AZURE],
)
def test_a_mistake_is_named_and_nothing_is_made(
    component: str, made: str, changed: dict[str, Any], message: list[str], delay: Any
) -> None:
    """Plain or known later."""
    world = World()
    program = gcp_trail if component == "Gcp" else azure_trail
    with pytest.raises(InvalidArgument) as error:
        run(program(**{name: later(value, delay) for name, value in changed.items()}), world)
    assert_all_in([f"{component}AuditTrail 'audit'", *message], error)
    assert world.of(made) == []


def test_vaults_without_names_are_refused() -> None:
    """The names are those of the resources."""
    with pytest.raises(InvalidArgument, match=r"vault_ids: given \['/subscriptions.*name each vault"):
        run(azure_trail(vault_ids=[VAULT_ID]))
