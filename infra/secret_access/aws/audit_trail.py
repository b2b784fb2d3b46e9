"""Who read a secret, kept, and who was refused, told: CloudTrail and a rule of EventBridge."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudtrail, cloudwatch, s3, sns

from ..arguments import Arguments
from ..checks import tags as check_tags
from ..inputs import children_of, lift, output, waiting_for
from . import audit_checks, audit_documents
from . import checks as aws_checks
from .documents import render
from .identifiers import Account


class AwsAuditTrailArgs(TypedDict):
    """Arguments of AwsAuditTrail."""

    account_id: pulumi.Input[str]
    """The account of the secrets. Example: `111122223333`."""
    region: pulumi.Input[str]
    """The region of the secrets, whose refusals are told. Example: `us-east-1`."""
    existing_trail_arn: NotRequired[pulumi.Input[str]]
    """A trail of the account or its organization that logs management events, reading ones included: EventBridge gets
    no event without one. Default: none, a trail and its bucket are made.
    Example: `arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events`."""
    target_arn: NotRequired[pulumi.Input[str]]
    """What gets the refusals: a topic, queue, function or another target of EventBridge in the region, whose own policy
    lets `events.amazonaws.com` in. Default: none, a topic is made.
    Example: `arn:aws:sns:us-east-1:111122223333:security`."""
    trail_name: NotRequired[pulumi.Input[str]]
    """Name of the trail that is made, refused beside `existing_trail_arn`. Default: `secret-access`."""
    bucket_name: NotRequired[pulumi.Input[str]]
    """Name of the trail's bucket, unique in all of AWS; refused beside `existing_trail_arn`.
    Default: `secret-access-trail-ACCOUNT-REGION`."""
    rule_name: NotRequired[pulumi.Input[str]]
    """Name of the rule, and of the topic that is made. Default: `secret-access-refusals`."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Tags of all that is made. Default: none. Example: `{"team": "platform"}`."""


class AwsAuditTrail(pulumi.ComponentResource):
    """Keeps who read secrets, and tells at once who was refused one, or a role: one for an account and region.

    Creates a trail with its bucket (or uses one that is there), and a rule of EventBridge for refused calls of Secrets
    Manager and for refused roles, with a topic to subscribe to (or a target of yours).
    """

    trail_arn: pulumi.Output[str]
    """ARN of the trail."""
    target_arn: pulumi.Output[str]
    """ARN of what gets the refusals: the topic to subscribe to, unless another target was given."""
    rule_arn: pulumi.Output[str]
    """ARN of the rule."""
    bucket_name: pulumi.Output[str | None]
    """Name of the trail's bucket; none where the trail was there."""

    def __init__(self, name: str, args: AwsAuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(
            f"AwsAuditTrail {name!r}", args, AwsAuditTrailArgs, example='{"account_id": "…", "region": "us-east-1"}'
        )
        region = given.take("region", aws_checks.region)
        account = given.check(audit_checks.account, given.get("account_id"), region)
        existing = given.optional("existing_trail_arn", audit_checks.existing_trail)
        if existing is not None:
            for argument in ("trail_name", "bucket_name"):
                reason = "the trail is there, with a bucket of its own"
                given.refuse_ignored(argument, "beside existing_trail_arn", reason, "leave it out")
        target = None
        if "target_arn" in given:
            target = given.check(audit_checks.target, given.get("target_arn"), region)
        trail_name = given.take("trail_name", audit_checks.trail_name, "secret-access")
        bucket_name = given.check(_bucket_name, given.get("bucket_name"), account, region)
        rule_name = given.take("rule_name", audit_checks.rule_name, "secret-access-refusals")
        tags = given.take("tags", check_tags)
        bucket_name = lift(_first, bucket_name, trail_name, rule_name, target)  # nothing is made before all are known
        super().__init__("secret-access:index:AwsAuditTrail", name, {}, opts)
        child = children_of(self, opts)

        if existing is None:
            trail_arn, self.bucket_name = _trail(name, account, region, trail_name, bucket_name, tags, child)
        else:
            trail_arn, self.bucket_name = output(existing), pulumi.Output.from_input(None)
        # A rule without a trail sees nothing
        after_trail = child if existing is not None else waiting_for(child, trail_arn)
        rule = cloudwatch.EventRule(
            f"{name}-rule",
            name=rule_name,
            description="Refused calls of Secrets Manager, and refused roles",
            event_pattern=render(audit_documents.refusals()),
            state=audit_documents.READ_ONLY_TOO,
            region=region,
            tags=tags,
            opts=after_trail,
        )
        if target is None:
            target = _topic(name, rule, rule_name, region, tags, child)
        told = cloudwatch.EventTarget(
            f"{name}-target", rule=rule.name, target_id="refusals", arn=target, region=region, opts=child
        )
        complete = pulumi.Output.all(rule.arn, told.arn)
        self.trail_arn = trail_arn
        self.rule_arn = complete.apply(lambda known: str(known[0]))
        self.target_arn = complete.apply(lambda known: str(known[1]))
        self.register_outputs(
            {
                "trailArn": self.trail_arn,
                "targetArn": self.target_arn,
                "ruleArn": self.rule_arn,
                "bucketName": self.bucket_name,
            }
        )


def _trail(
    name: str,
    account: pulumi.Input[Account],
    region: pulumi.Input[str],
    trail_name: pulumi.Input[str],
    bucket_name: pulumi.Input[str],
    tags: Any,
    child: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], pulumi.Output[str | None]]:
    """Return the ARN of a trail that is made, and the name of its bucket, once both are there."""
    bucket = s3.Bucket(f"{name}-bucket", bucket=bucket_name, region=region, tags=tags, opts=child)
    arn = lift(audit_documents.trail_arn, account, region, trail_name)
    policy = s3.BucketPolicy(
        f"{name}-bucket-policy",
        bucket=bucket.bucket,
        policy=lift(_bucket_policy, account, bucket_name, arn),
        region=region,
        opts=child,
    )
    trail = cloudtrail.Trail(
        f"{name}-trail",
        name=trail_name,
        s3_bucket_name=bucket.bucket,
        is_multi_region_trail=True,
        include_global_service_events=True,
        enable_log_file_validation=True,
        region=region,
        tags=tags,
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
    )
    made = pulumi.Output.all(trail.arn, bucket.bucket)
    return made.apply(lambda known: str(known[0])), made.apply(lambda known: str(known[1]))


def _topic(
    name: str,
    rule: cloudwatch.EventRule,
    rule_name: pulumi.Input[str],
    region: pulumi.Input[str],
    tags: Any,
    child: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Return the ARN of a topic that is made, once the rule may publish to it."""
    topic = sns.Topic(f"{name}-topic", name=rule_name, region=region, tags=tags, opts=child)
    policy = sns.TopicPolicy(
        f"{name}-topic-policy",
        arn=topic.arn,
        policy=lift(_topic_policy, topic.arn, rule.arn),
        region=region,
        opts=child,
    )
    return policy.arn


def _first(name: str, *_: object) -> str:
    return name


def _bucket_name(name: object, account: Account, region: str) -> str:
    default = f"secret-access-trail-{account.account_id}-{region}"
    return audit_checks.bucket_name(default if name is None else name)


def _bucket_policy(account: Account, bucket: str, trail: str) -> str:
    return render(audit_documents.bucket_policy(account, bucket, trail))


def _topic_policy(topic: str, rule: str) -> str:
    return render(audit_documents.topic_policy(topic, rule))
