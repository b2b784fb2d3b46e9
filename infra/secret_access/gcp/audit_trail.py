"""Who read a secret, kept, and who was refused, told: Cloud Audit Logs and an alert on them."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_gcp import logging, monitoring, projects

from ..arguments import Arguments
from ..inputs import children_of, lift, output
from . import audit_checks, audit_documents
from . import checks as gcp_checks


class GcpAuditTrailArgs(TypedDict):
    """Arguments of GcpAuditTrail."""

    project: pulumi.Input[str]
    """Id of the project of the secrets. Example: `my-project`."""
    notification_channels: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Channels of Cloud Monitoring that get refusals, by their resource names. Default: none, refusals open incidents
    without a notification. Example: `["projects/my-project/notificationChannels/1234567890"]`."""
    sink_destination: NotRequired[pulumi.Input[str]]
    """Where all calls are kept besides the project's own log: a bucket, data set, topic or log bucket, whose owner
    must let the output `sink_writer` write. Default: none. Example: `storage.googleapis.com/audit-my-project`."""
    sink_name: NotRequired[pulumi.Input[str]]
    """Name of that sink, unique in the project; refused without `sink_destination`. Default: `secret-access`."""
    display_name: NotRequired[pulumi.Input[str]]
    """What the alert is called. Default: `Refused calls of Secret Manager`."""


class GcpAuditTrail(pulumi.ComponentResource):
    """Keeps who read secrets, and tells who was refused one: once for a project.

    Turns the Data Access logs of Secret Manager on, which are off by default, and creates an alert on refused calls
    and, where asked for, a sink. It owns the project's audit configuration of Secret Manager, exemptions included: what
    others write there shows at `pulumi refresh`.
    """

    project: pulumi.Output[str]
    """The project, known once reads are logged."""
    refusals: pulumi.Output[str]
    """The filter of refused calls, for the Logs Explorer or an alert of your own."""
    sink_writer: pulumi.Output[str | None]
    """The identity that writes to the sink's destination, and needs the right to; none without a sink."""

    def __init__(self, name: str, args: GcpAuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"GcpAuditTrail {name!r}", args, GcpAuditTrailArgs, example='{"project": "my-project"}')
        project = given.take("project", gcp_checks.project)
        channels = given.take("notification_channels", audit_checks.channels, [])
        destination = given.optional("sink_destination", audit_checks.destination)
        if destination is None:
            given.refuse_ignored("sink_name", "without sink_destination", "no sink is made", "add one, or leave it out")
        sink_name = given.take("sink_name", audit_checks.sink_name, "secret-access")
        title = given.take("display_name", audit_checks.display_name, "Refused calls of Secret Manager")
        project = lift(_first, project, channels, destination, sink_name, title)  # nothing is made before all are known
        super().__init__("secret-access:index:GcpAuditTrail", name, {}, opts)
        child = children_of(self, opts)

        kinds: Any = [{"log_type": kind} for kind in audit_documents.LOG_TYPES]
        logged = projects.IAMAuditConfig(
            f"{name}-reads", project=project, service=audit_documents.SERVICE, audit_log_configs=kinds, opts=child
        )
        refusals = lift(audit_documents.refusals, project)
        alert = monitoring.AlertPolicy(
            f"{name}-alert",
            project=project,
            display_name=title,
            combiner="OR",
            conditions=[{"display_name": title, "condition_matched_log": {"filter": refusals}}],
            alert_strategy={"notification_rate_limit": {"period": audit_documents.RATE_LIMIT}},
            notification_channels=channels,
            opts=child,
        )
        writer: pulumi.Output[str | None] = pulumi.Output.from_input(None)
        if destination is not None:
            sink = logging.ProjectSink(
                f"{name}-sink",
                name=sink_name,
                project=project,
                destination=destination,
                filter=lift(audit_documents.calls, project),
                unique_writer_identity=True,
                opts=child,
            )
            writer = sink.writer_identity.apply(lambda known: known)
        complete = pulumi.Output.all(project, logged.id, alert.id)
        self.project = complete.apply(lambda known: str(known[0]))
        self.refusals = output(refusals)
        self.sink_writer = writer
        self.register_outputs({"project": self.project, "refusals": self.refusals, "sinkWriter": self.sink_writer})


def _first(project: str, *_: object) -> str:
    return project
