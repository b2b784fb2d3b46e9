"""The resource of EKS that the stand-in knows: which role the pods of a ServiceAccount have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins.aws_kind import AwsKind
from local.standins.protocol import Properties


class PodIdentityAssociation(AwsKind):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html"""

    type_name = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    replaces = ("clusterName", "namespace", "region", "serviceAccount")
    documents = ("policy",)
    defaults: ClassVar[Mapping[str, Any]] = {"disableSessionTags": False}
    computed = ("associationArn", "associationId", "externalId")
    not_read = ("region",)
    tagged = True

    def create(self, inputs: Properties) -> str:
        region = str(inputs.get("region") or "")
        made = self._eks(region).create_pod_identity_association(
            clusterName=inputs["clusterName"],
            namespace=inputs["namespace"],
            serviceAccount=inputs["serviceAccount"],
            tags=self.tags(inputs),
            **_settings(inputs),
        )["association"]
        return ",".join((inputs["clusterName"], made["associationId"], region)).rstrip(",")

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = self._asked(identity, "describe_pod_identity_association")["association"]
        own = {key: value for key, value in found["tags"].items() if self.api.default_tags.get(key) != value}
        inputs = {
            "clusterName": found["clusterName"],
            "namespace": found["namespace"],
            "serviceAccount": found["serviceAccount"],
            "roleArn": found["roleArn"],
            "disableSessionTags": found["disableSessionTags"],
            **{key: found[key] for key in ("policy", "targetRoleArn") if found.get(key)},
            **({"tags": own} if own else {}),
        }
        return inputs, {key: found.get(key, "") for key in self.computed}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        removed = {key: "" for key in ("policy", "targetRoleArn") if live.get(key) and not inputs.get(key)}
        changed = self._asked(identity, "update_pod_identity_association", **_settings(inputs), **removed)
        arn, eks = changed["association"]["associationArn"], self._eks(_parts(identity)[2])
        gone, wanted = self.tag_changes(live, inputs)
        if gone:
            eks.untag_resource(resourceArn=arn, tagKeys=gone)
        if wanted:
            eks.tag_resource(resourceArn=arn, tags={tag["Key"]: tag["Value"] for tag in wanted})

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self._asked(identity, "delete_pod_identity_association")

    def _eks(self, region: str) -> Any:
        return self.api.client("eks", region)

    def _asked(self, identity: str, call: str, **settings: Any) -> Any:
        cluster, association, region = _parts(identity)
        return getattr(self._eks(region), call)(clusterName=cluster, associationId=association, **settings)


KINDS: tuple[type[AwsKind], ...] = (PodIdentityAssociation,)


def _settings(inputs: Properties) -> Properties:
    """What can be changed later."""
    return {
        "roleArn": inputs["roleArn"],
        "disableSessionTags": bool(inputs.get("disableSessionTags")),
        **{key: inputs[key] for key in ("policy", "targetRoleArn") if inputs.get(key)},
    }


def _parts(identity: str) -> tuple[str, str, str]:
    cluster, association, *region = identity.split(",")
    return cluster, association, region[0] if region else ""
