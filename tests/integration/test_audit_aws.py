"""AwsAuditTrail with the real engine, the aws plugin's stand-in and MiniStack, whose EventBridge judges the pattern."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secret_access.aws import audit_documents
from tests.integration.real_parts import ACCOUNT, MiniStack, Stack

PROGRAM = """
import pulumi, pulumi_aws as aws
from secret_access import AwsAuditTrail

services = ("cloudtrail", "events", "s3", "sns", "sts", "iam")
account = aws.Provider(
    "aws",
    region="us-east-1",
    access_key="{account}",
    secret_key="test",
    endpoints=[{{service: {url!r} for service in services}}],
)
trail = AwsAuditTrail("audit", {given!r}, pulumi.ResourceOptions(providers=[account]))
for name in ("trail_arn", "target_arn", "rule_arn", "bucket_name"):
    pulumi.export(name, getattr(trail, name))
"""
GIVEN = {"account_id": ACCOUNT, "region": "us-east-1", "tags": {"team": "platform"}}
TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/secret-access"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/secret-access-refusals"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:secret-access-refusals"
BUCKET = f"secret-access-trail-{ACCOUNT}-us-east-1"


def program(ministack: MiniStack, **changed: Any) -> str:
    return PROGRAM.format(url=ministack.url, account=ACCOUNT, given={**GIVEN, **changed})


def event(source: str, call: str, code: str | None, **further: Any) -> str:
    """What EventBridge gets of one call, as the CloudTrail User Guide shows it."""
    detail: dict[str, Any] = {
        "eventVersion": "1.09",
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/secret-access-test/x"},
        "eventSource": f"{source}.amazonaws.com",
        "eventName": call,
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "requestParameters": {"secretId": "prod/key"},
        "responseElements": None,
    }
    if code:
        detail |= {"errorCode": code, "errorMessage": "is not authorized to perform"}
    return json.dumps(
        {
            "id": "1",
            "account": ACCOUNT,
            "source": f"aws.{source}",
            "time": "2026-11-26T00:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail-type": "AWS API Call via CloudTrail",
            "detail": {**detail, **further},
        }
    )


def test_from_preview_to_destroy(ministack: MiniStack, stack: Stack) -> None:
    """A trail that logs, a bucket that it alone writes to, and a rule that sees reads and may publish."""
    stack.program(program(ministack))
    stack.pulumi("preview")
    stack.up()
    outputs = {"trail_arn": TRAIL, "target_arn": TOPIC, "rule_arn": RULE, "bucket_name": BUCKET}
    assert stack.outputs() == outputs
    stack.pulumi("preview", "--refresh", "--expect-no-changes")

    trails = ministack.client("cloudtrail")
    (made,) = trails.describe_trails(trailNameList=["secret-access"])["trailList"]
    assert (made["S3BucketName"], made["IsMultiRegionTrail"], made["LogFileValidationEnabled"]) == (BUCKET, True, True)
    assert trails.get_trail_status(Name="secret-access")["IsLogging"]
    rule = ministack.client("events").describe_rule(Name="secret-access-refusals")
    assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    (target,) = ministack.client("events").list_targets_by_rule(Rule="secret-access-refusals")["Targets"]
    assert target["Arn"] == TOPIC
    policy = json.loads(ministack.client("sns").get_topic_attributes(TopicArn=TOPIC)["Attributes"]["Policy"])
    assert policy["Statement"][0]["Condition"] == {"ArnEquals": {"aws:SourceArn": RULE}}

    # Somebody stops the trail, and lets the rule see no reads any more: refresh alone shows it, and up undoes it
    trails.stop_logging(Name="secret-access")
    ministack.client("events").put_rule(Name=rule["Name"], EventPattern=rule["EventPattern"], State="ENABLED")
    shown = stack.pulumi("preview", "--refresh", "--diff")
    assert "enableLogging" in shown
    assert "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" in shown
    stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert trails.get_trail_status(Name="secret-access")["IsLogging"]
    assert ministack.client("events").describe_rule(Name=rule["Name"])["State"] == rule["State"]

    stack.pulumi("destroy", "--yes")
    assert trails.describe_trails()["trailList"] == []
    assert ministack.client("s3").list_buckets()["Buckets"] == []
    assert ministack.client("events").list_rules()["Rules"] == []


def test_a_trail_and_a_target_that_are_there_are_used(ministack: MiniStack, stack: Stack) -> None:
    """Then a rule and its target is all that is made."""
    there = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/all"
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:security"
    stack.program(program(ministack, existing_trail_arn=there, target_arn=queue))
    stack.up()
    assert stack.outputs() == {"trail_arn": there, "target_arn": queue, "rule_arn": RULE}
    kinds = {entry["type"] for entry in stack.state().values() if entry["type"].startswith("aws:")}
    assert kinds == {"aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"}
    stack.pulumi("destroy", "--yes")


@pytest.mark.parametrize(
    ("source", "call", "code", "told"),
    [
        ("secretsmanager", "GetSecretValue", "AccessDenied", True),
        ("secretsmanager", "GetSecretValue", "AccessDeniedException", True),
        ("secretsmanager", "PutSecretValue", "AccessDenied", True),
        ("sts", "AssumeRoleWithWebIdentity", "AccessDenied", True),
        ("eks-auth", "AssumeRoleForPodIdentity", "AccessDeniedException", True),
        ("secretsmanager", "GetSecretValue", None, False),
        ("secretsmanager", "GetSecretValue", "ResourceNotFoundException", False),
        ("sts", "AssumeRoleWithWebIdentity", "ExpiredTokenException", False),
        ("secretsmanager", "ListSecrets", "AccessDenied", False),
        ("ec2", "DescribeInstances", "AccessDenied", False),
    ],
)
def test_refused_calls_are_told_and_no_others(
    ministack: MiniStack, source: str, call: str, code: str | None, told: bool
) -> None:
    """MiniStack's EventBridge matches the pattern that the component writes."""
    pattern = json.dumps(audit_documents.refusals())
    events = ministack.client("events")
    assert events.test_event_pattern(EventPattern=pattern, Event=event(source, call, code))["Result"] is told
