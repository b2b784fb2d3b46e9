"""The resources of EventBridge that the stand-in knows: rules, and where the events that match go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins.aws_kind import AwsKind
from local.standins.aws_regional import UNTOUCHED, Regional
from local.standins.errors import Gone
from local.standins.protocol import Properties


class EventRule(Regional):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"""

    type_name = "aws:cloudwatch/eventRule:EventRule"
    service = "events"
    deletes = ("delete_rule", "Name")
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
        self._put(self._made(inputs), inputs, Tags=self.listed(inputs))
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
        gone, wanted = self.tag_changes(live, inputs)
        if gone:
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        if wanted:
            client.tag_resource(ResourceARN=arn, Tags=wanted)


class EventTarget(Regional):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html"""

    type_name = "aws:cloudwatch/eventTarget:EventTarget"
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


KINDS: tuple[type[AwsKind], ...] = (EventRule, EventTarget)
