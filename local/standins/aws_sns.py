"""The resources of SNS that the stand-in knows: topics, and who may publish to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from local.standins.aws_kind import AwsKind
from local.standins.aws_regional import UNTOUCHED, Regional
from local.standins.protocol import Properties


class Topic(Regional):
    """https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"""

    type_name = "aws:sns/topic:Topic"
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
        made = self._made(inputs).create_topic(Name=inputs["name"], Tags=self.listed(inputs))
        return str(made["TopicArn"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        client = self._of(identity)
        client.get_topic_attributes(TopicArn=identity)
        own = self.own_tags(client.list_tags_for_resource(ResourceArn=identity)["Tags"])
        return {"name": identity.rpartition(":")[2], **own}, {"arn": identity}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        client = self._of(identity)
        gone, wanted = self.tag_changes(live, inputs)
        if gone:
            client.untag_resource(ResourceArn=identity, TagKeys=gone)
        if wanted:
            client.tag_resource(ResourceArn=identity, Tags=wanted)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self._of(identity).delete_topic(TopicArn=identity)


class TopicPolicy(Regional):
    """https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html"""

    type_name = "aws:sns/topicPolicy:TopicPolicy"
    service = "sns"
    replaces = ("arn", "region")
    documents = ("policy",)

    def create(self, inputs: Properties) -> str:
        arn = str(inputs["arn"])
        self._of(arn).set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=inputs["policy"])
        return arn

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = self._of(identity).get_topic_attributes(TopicArn=identity)["Attributes"]
        return {"arn": identity, "policy": found["Policy"]}, {}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        """The topic goes back to the policy that it was made with, which lets its owner alone in."""
        del identity, inputs


KINDS: tuple[type[AwsKind], ...] = (Topic, TopicPolicy)
