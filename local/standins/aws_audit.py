"""The resources of an audit trail that the stand-in knows: buckets, trails, rules of EventBridge and topics.

As everywhere, ids are the real provider's, but for those of resources that are given a region: `NAME@REGION`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins.aws_kind import AwsKind
from local.standins.errors import Gone
from local.standins.protocol import Properties

UNTOUCHED = "leave it out"


class Regional(AwsKind):
    """A resource of one region, which its id ends in."""

    service: ClassVar[str]
    not_read: ClassVar[tuple[str, ...]] = ("region",)

    def _identity(self, name: str, inputs: Properties) -> str:
        return f"{name}@{inputs['region']}" if inputs.get("region") else name

    def _asked(self, identity: str, service: str = "") -> tuple[Any, str]:
        """The client of the region, and the name."""
        name, _, region = identity.partition("@")
        return self.api.client(service or self.service, region), name

    def _made(self, inputs: Properties) -> Any:
        return self.api.client(self.service, str(inputs.get("region") or ""))

    def _listed(self, inputs: Properties) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in sorted(self.tags(inputs).items())]


class Bucket(Regional):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""

    token = "aws:s3/bucket:Bucket"  # noqa: S105 — a type, no secret
    service = "s3"
    replaces = ("bucket", "region")
    named = "bucket"
    computed = ("arn",)
    tagged = True
    not_read = ("region", "forceDestroy")
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("acl", "bucketPrefix", "grants", "lifecycleRules", "logging", "policy", "versioning", "website"), UNTOUCHED
    )

    def create(self, inputs: Properties) -> str:
        client, name = self._made(inputs), str(inputs["bucket"])
        region = client.meta.region_name
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=name, **where)
        if self.tags(inputs):
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": self._listed(inputs)})
        return self._identity(name, inputs)

    def read(self, identity: str) -> tuple[Properties, Properties]:
        from botocore.exceptions import ClientError  # noqa: PLC0415  (as boto3: only where AWS is asked)

        client, name = self._asked(identity)
        try:
            client.head_bucket(Bucket=name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                raise Gone(f"HeadBucket: no bucket {name}") from None
            raise
        try:
            tags = client.get_bucket_tagging(Bucket=name)["TagSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchTagSet":
                raise
            tags = []
        return {"bucket": name, **self.own_tags(tags)}, {"arn": f"arn:aws:s3:::{name}"}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del live
        client, name = self._asked(identity)
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": self._listed(inputs)})

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        client, name = self._asked(identity)
        client.delete_bucket(Bucket=name)


class BucketPolicy(Regional):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html"""

    token = "aws:s3/bucketPolicy:BucketPolicy"  # noqa: S105 — a type, no secret
    service = "s3"
    replaces = ("bucket", "region")
    documents = ("policy",)

    def create(self, inputs: Properties) -> str:
        self._made(inputs).put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])
        return self._identity(str(inputs["bucket"]), inputs)

    def read(self, identity: str) -> tuple[Properties, Properties]:
        client, name = self._asked(identity)
        return {"bucket": name, "policy": client.get_bucket_policy(Bucket=name)["Policy"]}, {}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        client, name = self._asked(identity)
        client.delete_bucket_policy(Bucket=name)


TRAIL_SETTINGS = {
    "s3BucketName": "S3BucketName",
    "isMultiRegionTrail": "IsMultiRegionTrail",
    "includeGlobalServiceEvents": "IncludeGlobalServiceEvents",
    "enableLogFileValidation": "EnableLogFileValidation",
}


class Trail(Regional):
    """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html"""

    token = "aws:cloudtrail/trail:Trail"  # noqa: S105 — a type, no secret
    service = "cloudtrail"
    replaces = ("name", "region")
    named = "name"
    computed = ("arn", "homeRegion")
    tagged = True
    defaults: ClassVar[Mapping[str, Any]] = {
        "enableLogFileValidation": False,
        "enableLogging": True,
        "includeGlobalServiceEvents": True,
        "isMultiRegionTrail": False,
    }
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "advancedEventSelectors",
            "cloudWatchLogsGroupArn",
            "eventSelectors",
            "insightSelectors",
            "isOrganizationTrail",
            "kmsKeyId",
            "s3KeyPrefix",
            "snsTopicName",
        ),
        UNTOUCHED,
    )

    def create(self, inputs: Properties) -> str:
        client = self._made(inputs)
        made = client.create_trail(Name=inputs["name"], **self._settings(inputs))
        if tags := self._listed(inputs):  # MiniStack's CreateTrail takes none
            client.add_tags(ResourceId=made["TrailARN"], TagsList=tags)
        if inputs["enableLogging"]:
            client.start_logging(Name=inputs["name"])
        return str(made["TrailARN"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        client = self._of(identity)
        found = client.describe_trails(trailNameList=[identity])["trailList"]
        if not found:
            raise Gone(f"DescribeTrails: no trail {identity}")
        trail = found[0]
        inputs = {
            "name": trail["Name"],
            "s3BucketName": trail["S3BucketName"],
            "isMultiRegionTrail": trail["IsMultiRegionTrail"],
            "includeGlobalServiceEvents": trail["IncludeGlobalServiceEvents"],
            "enableLogFileValidation": trail["LogFileValidationEnabled"],
            "enableLogging": client.get_trail_status(Name=identity)["IsLogging"],
        }
        tagged = client.list_tags(ResourceIdList=[identity])["ResourceTagList"]
        own = self.own_tags(tagged[0].get("TagsList", []) if tagged else [])
        return {**inputs, **own}, {"arn": identity, "homeRegion": trail["HomeRegion"]}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        client = self._of(identity)
        client.update_trail(Name=identity, **self._settings(inputs))
        if live["enableLogging"] != inputs["enableLogging"]:
            (client.start_logging if inputs["enableLogging"] else client.stop_logging)(Name=identity)
        before, after = self.tags(live), self.tags(inputs)
        if gone := [{"Key": key} for key in sorted(before.keys() - after.keys())]:
            client.remove_tags(ResourceId=identity, TagsList=gone)
        if after != before:
            client.add_tags(ResourceId=identity, TagsList=self._listed(inputs))

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self._of(identity).delete_trail(Name=identity)

    def _of(self, arn: str) -> Any:
        return self.api.client(self.service, arn.split(":")[3])

    def _settings(self, inputs: Properties) -> Properties:
        return {sent: inputs[name] for name, sent in TRAIL_SETTINGS.items()}


class EventRule(Regional):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"""

    token = "aws:cloudwatch/eventRule:EventRule"  # noqa: S105 — a type, no secret
    service = "events"
    replaces = ("name", "region")
    named = "name"
    documents = ("eventPattern",)
    computed = ("arn",)
    tagged = True
    defaults: ClassVar[Mapping[str, Any]] = {"state": "ENABLED"}
    refused: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("eventBusName", "forceDestroy", "roleArn", "scheduleExpression"), UNTOUCHED),
        "isEnabled": "use state",
        "namePrefix": "use name",
    }

    def create(self, inputs: Properties) -> str:
        self._put(self._made(inputs), inputs, Tags=self._listed(inputs))
        return self._identity(str(inputs["name"]), inputs)

    def _put(self, client: Any, inputs: Properties, **further: Any) -> None:
        client.put_rule(
            Name=inputs["name"],
            EventPattern=inputs["eventPattern"],
            State=inputs["state"],
            Description=inputs.get("description") or "",
            **further,
        )

    def read(self, identity: str) -> tuple[Properties, Properties]:
        client, name = self._asked(identity)
        rule = client.describe_rule(Name=name)
        inputs = {"name": name, "eventPattern": rule["EventPattern"], "state": rule["State"]}
        if rule.get("Description"):
            inputs["description"] = rule["Description"]
        own = self.own_tags(client.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"])
        return {**inputs, **own}, {"arn": rule["Arn"]}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        client, name = self._asked(identity)
        self._put(client, inputs)
        arn = client.describe_rule(Name=name)["Arn"]
        before, after = self.tags(live), self.tags(inputs)
        if gone := sorted(before.keys() - after.keys()):
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        if after != before:
            client.tag_resource(ResourceARN=arn, Tags=self._listed(inputs))

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        client, name = self._asked(identity)
        client.delete_rule(Name=name)


class EventTarget(Regional):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html"""

    token = "aws:cloudwatch/eventTarget:EventTarget"  # noqa: S105 — a type, no secret
    service = "events"
    replaces = ("region", "rule", "targetId")
    named = "targetId"
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("deadLetterConfig", "eventBusName", "input", "inputPath", "inputTransformer", "retryPolicy", "roleArn"),
        UNTOUCHED,
    )

    def create(self, inputs: Properties) -> str:
        self._made(inputs).put_targets(Rule=inputs["rule"], Targets=[{"Id": inputs["targetId"], "Arn": inputs["arn"]}])
        return self._identity(f"{inputs['rule']}/{inputs['targetId']}", inputs)

    def read(self, identity: str) -> tuple[Properties, Properties]:
        client, name = self._asked(identity)
        rule, _, target = name.partition("/")
        for found in client.list_targets_by_rule(Rule=rule)["Targets"]:
            if found["Id"] == target:
                return {"rule": rule, "targetId": target, "arn": found["Arn"]}, {}
        raise Gone(f"ListTargetsByRule: no target {target} of the rule {rule}")

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        client, name = self._asked(identity)
        rule, _, target = name.partition("/")
        client.remove_targets(Rule=rule, Ids=[target])


class Topic(Regional):
    """https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"""

    token = "aws:sns/topic:Topic"  # noqa: S105 — a type, no secret
    service = "sns"
    replaces = ("name", "region")
    named = "name"
    computed = ("arn",)
    tagged = True
    refused: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("deliveryPolicy", "displayName", "fifoTopic", "kmsMasterKeyId"), UNTOUCHED),
        "namePrefix": "use name",
        "policy": "use aws.sns.TopicPolicy",
    }

    def create(self, inputs: Properties) -> str:
        made = self._made(inputs).create_topic(Name=inputs["name"], Tags=self._listed(inputs))
        return str(made["TopicArn"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        client = _of(self, identity)
        client.get_topic_attributes(TopicArn=identity)
        own = self.own_tags(client.list_tags_for_resource(ResourceArn=identity)["Tags"])
        return {"name": identity.rpartition(":")[2], **own}, {"arn": identity}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        client = _of(self, identity)
        before, after = self.tags(live), self.tags(inputs)
        if gone := sorted(before.keys() - after.keys()):
            client.untag_resource(ResourceArn=identity, TagKeys=gone)
        if after != before:
            client.tag_resource(ResourceArn=identity, Tags=self._listed(inputs))

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        _of(self, identity).delete_topic(TopicArn=identity)


class TopicPolicy(Regional):
    """https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html"""

    token = "aws:sns/topicPolicy:TopicPolicy"  # noqa: S105 — a type, no secret
    service = "sns"
    replaces = ("arn", "region")
    documents = ("policy",)

    def create(self, inputs: Properties) -> str:
        arn = str(inputs["arn"])
        _of(self, arn).set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=inputs["policy"])
        return arn

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = _of(self, identity).get_topic_attributes(TopicArn=identity)["Attributes"]
        return {"arn": identity, "policy": found["Policy"]}, {}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        """The topic goes back to the policy that it was made with, which lets its owner alone in."""
        del identity, inputs


def _of(kind: Regional, arn: str) -> Any:
    return kind.api.client(kind.service, arn.split(":")[3])


KINDS: tuple[type[AwsKind], ...] = (Bucket, BucketPolicy, Trail, EventRule, EventTarget, Topic, TopicPolicy)
