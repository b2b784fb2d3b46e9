"""The resources of S3 that the stand-in knows: buckets, and who may write to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from local.standins.aws_kind import AwsKind
from local.standins.aws_regional import UNTOUCHED, Regional
from local.standins.errors import Gone
from local.standins.protocol import Properties


class Bucket(Regional):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""

    type_name = "aws:s3/bucket:Bucket"
    service = "s3"
    deletes = ("delete_bucket", "Bucket")
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
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": self.listed(inputs)})
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
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": self.listed(inputs)})


class BucketPolicy(Regional):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html"""

    type_name = "aws:s3/bucketPolicy:BucketPolicy"
    service = "s3"
    deletes = ("delete_bucket_policy", "Bucket")
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


KINDS: tuple[type[AwsKind], ...] = (Bucket, BucketPolicy)
