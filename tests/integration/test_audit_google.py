"""GcpAuditTrail with the real engine, the gcp plugin's stand-in and the laptop's fake, which keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.google import account
from tests.fakes.issuer import Issuer
from tests.integration.real_parts import Stack
from tests.local.google.running import Running, running

PROGRAM = """
import pulumi, pulumi_gcp as gcp
from secret_access import GcpAuditTrail

project = gcp.Provider(
    "gcp",
    project="my-project",
    access_token={token!r},
    resource_manager_custom_endpoint="{url}/v1/",
    logging_custom_endpoint="{url}/v2/",
    monitoring_custom_endpoint="{url}/v3/",
)
given = {{"project": "my-project", "sink_destination": "storage.googleapis.com/audit"}}
given |= {{"notification_channels": ["projects/my-project/notificationChannels/1"]}}
trail = GcpAuditTrail("audit", given, pulumi.ResourceOptions(providers=[project]))
for name in ("project", "refusals", "sink_writer"):
    pulumi.export(name, getattr(trail, name))
"""
OTHERS = {"service": "storage.googleapis.com", "auditLogConfigs": [{"logType": "DATA_WRITE"}]}


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Running]:
    """A project where another service's calls are logged already."""
    with running(tmp_path, Issuer()) as found:
        found.project.audit_configs = [OTHERS]
        yield found


def test_from_preview_to_destroy(google: Running, stack: Stack) -> None:
    """Reads are logged, also of an exempted member that somebody adds; another service's configuration stays."""
    stack.program(PROGRAM.format(token=account.owner_token(), url=google.url))
    stack.pulumi("preview")
    assert google.project.audit_configs == [OTHERS]
    stack.up()
    outputs = stack.outputs()
    assert outputs["project"] == "my-project"
    assert outputs["sink_writer"].endswith("@gcp-sa-logging.iam.gserviceaccount.com")
    reads = [{"logType": "ADMIN_READ"}, {"logType": "DATA_READ"}]
    own = {"service": "secretmanager.googleapis.com", "auditLogConfigs": reads}
    assert google.project.audit_configs == [OTHERS, own]
    alert, sink = google.project.documents.values()
    if "destination" in alert:
        alert, sink = sink, alert
    assert alert["conditions"][0]["conditionMatchedLog"]["filter"] == outputs["refusals"]
    assert outputs["refusals"].startswith(sink["filter"])
    stack.pulumi("preview", "--refresh", "--expect-no-changes")

    exempt = {"logType": "DATA_READ", "exemptedMembers": ["user:mallory@example.com"]}
    google.project.audit_configs = [OTHERS, {**own, "auditLogConfigs": [exempt]}]
    assert "mallory" in stack.pulumi("preview", "--refresh", "--diff")
    stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert google.project.audit_configs == [OTHERS, own]

    stack.pulumi("destroy", "--yes")
    assert google.project.audit_configs == [OTHERS]
    assert google.project.documents == {}
