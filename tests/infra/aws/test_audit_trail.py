"""What AwsAuditTrail asks of AWS, and what it refuses."""

import json
from typing import Any, cast

import pytest

from secret_access import AwsAuditTrail, AwsAuditTrailArgs, InvalidArgument
from secret_access.aws.audit_checks import EXAMPLE_TRAIL
from tests.infra.components import Program
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

ACCOUNT = "111122223333"
RULE = "aws:cloudwatch/eventRule:EventRule"
TRAIL = "aws:cloudtrail/trail:Trail"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
DELAYS = [lambda value: value, Later]


def trail(**changed: Any) -> Program:
    """A program that makes an AwsAuditTrail; None leaves an argument out."""
    args = {"account_id": ACCOUNT, "region": "us-east-1", **changed}
    given = cast("AwsAuditTrailArgs", {name: value for name, value in args.items() if value is not None})
    return lambda: AwsAuditTrail("audit", outputs_in(given))


@pytest.mark.parametrize("delay", DELAYS)
def test_the_rule_sees_reads_and_the_bucket_takes_one_trail(delay: Any) -> None:
    """A trail is made after its bucket lets it in, and the rule after the trail."""
    world = run(trail(account_id=delay(ACCOUNT), region=delay("cn-north-1"), tags={"team": "a"}))
    rule = world.one(RULE)
    assert rule.inputs["state"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert "audit-trail" in rule.waits_for
    assert "audit-bucket-policy" in world.one(TRAIL).waits_for
    assert all(one.inputs["region"] == "cn-north-1" for one in world.asked if one.custom)
    see, write, tls = json.loads(world.one(POLICY).inputs["policy"])["Statement"]
    arn = f"arn:aws-cn:cloudtrail:cn-north-1:{ACCOUNT}:trail/secret-access"
    assert see["Condition"]["StringEquals"]["aws:SourceArn"] == arn
    assert write["Condition"]["StringEquals"]["aws:SourceArn"] == arn
    assert write["Resource"] == f"arn:aws-cn:s3:::secret-access-trail-{ACCOUNT}-cn-north-1/AWSLogs/{ACCOUNT}/*"
    assert tls["Effect"] == "Deny"


MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"account_id": None}, ["account_id: given None", "12 digits"]),
    ({"account_id": 111122223333}, ["account_id: given 111122223333", "in quotes"]),
    ({"region": None}, ["region", "us-east-1"]),
    ({"region": "*"}, ["region", "given '*'"]),
    ({"existing_trail_arn": "all"}, ["existing_trail_arn: given 'all'", "describe-trails"]),
    ({"target_arn": "security"}, ["target_arn: given 'security'", "arn:aws:sns"]),
    ({"target_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:security"}, ["another region than the rule", "us-east-1"]),
    ({"trail_name": "a__b"}, ["trail_name: given 'a__b'"]),
    ({"bucket_name": "Logs"}, ["bucket_name: given 'Logs'", "lowercase"]),
    ({"rule_name": "a b"}, ["rule_name: given 'a b'"]),
    ({"existing_trail_arn": EXAMPLE_TRAIL, "trail_name": "mine"}, ["trail_name beside existing_trail_arn", "leave it"]),
    ({"existing_trail_arn": EXAMPLE_TRAIL, "bucket_name": "logs"}, ["bucket_name beside existing_trail_arn"]),
    ({"tags": {"a": 1}}, ["tags of 'a'", "texts by name"]),
    ({"trail": "x"}, ["trail is unknown", "did you mean trail_name?"]),
]


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize(("changed", "message"), MISTAKES)
def test_a_mistake_is_named_and_no_trail_is_made(changed: dict[str, Any], message: list[str], delay: Any) -> None:
    """Plain or known later."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(trail(**{name: value if value is None else delay(value) for name, value in changed.items()}), world)
    assert_all_in(["AwsAuditTrail 'audit'", *message], error)
    assert world.of(TRAIL) == []


def test_a_trail_that_exists_is_used() -> None:
    """With a rule of the name given; none of the trail's own arguments is."""
    world = run(trail(existing_trail_arn=EXAMPLE_TRAIL, rule_name="mine", tags={"team": "a"}))
    assert world.of(TRAIL) == world.of(POLICY) == []
    assert (world.one(RULE).inputs["name"], world.outputs["audit"]["trailArn"]) == ("mine", EXAMPLE_TRAIL)
