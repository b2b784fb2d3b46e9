"""The resource of CloudTrail that the stand-in knows: a trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins.aws_kind import AwsKind
from local.standins.aws_regional import UNTOUCHED, Regional
from local.standins.errors import Gone
from local.standins.protocol import Properties

TRAIL_SETTINGS = {
    "s3BucketName": "S3BucketName",
    "isMultiRegionTrail": "IsMultiRegionTrail",
    "includeGlobalServiceEvents": "IncludeGlobalServiceEvents",
    "enableLogFileValidation": "EnableLogFileValidation",
}


class Trail(Regional):
    """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html"""

    type_name = "aws:cloudtrail/trail:Trail"
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
        if tags := self.listed(inputs):  # MiniStack's CreateTrail takes none
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
        gone, wanted = self.tag_changes(live, inputs)
        if gone:
            client.remove_tags(ResourceId=identity, TagsList=[{"Key": key} for key in gone])
        if wanted:
            client.add_tags(ResourceId=identity, TagsList=wanted)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self._of(identity).delete_trail(Name=identity)

    def _settings(self, inputs: Properties) -> Properties:
        return {sent: inputs[name] for name, sent in TRAIL_SETTINGS.items()}


KINDS: tuple[type[AwsKind], ...] = (Trail,)
