"""The stand-in for the aws provider plugin: IAM, EKS and what an audit trail is made of, by boto3.

It works at whatever endpoints the provider is given, and refuses an account that is not allowed before anything is
made, as the real one does: https://www.pulumi.com/registry/packages/aws/installation-configuration/
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from local.standins import aws_cloudtrail, aws_eks, aws_eventbridge, aws_exclusive, aws_iam, aws_s3, aws_sns
from local.standins.cloud import Cloud
from local.standins.errors import Gone, Refused
from local.standins.protocol import Properties
from local.standins.provider import run

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


GONE = (
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NotFound",
    "NotFoundException",
    "ResourceNotFoundException",
    "TrailNotFoundException",
)


def main(_arguments: list[str]) -> None:
    """Serve the engine."""
    run(Aws())


class Api:
    """AWS as the provider's settings reach it."""

    def __init__(self, inputs: Properties) -> None:
        import boto3  # noqa: PLC0415  (a third of a second, and only where a provider is configured)

        self.session = boto3.Session(
            aws_access_key_id=inputs.get("accessKey"),
            aws_secret_access_key=inputs.get("secretKey"),
            aws_session_token=inputs.get("token"),
            region_name=inputs.get("region"),
            profile_name=inputs.get("profile"),
        )
        self.default_tags: Mapping[str, str] = (inputs.get("defaultTags") or {}).get("tags") or {}
        self._endpoints = {name: url for entry in inputs.get("endpoints") or [] for name, url in entry.items()}
        self._clients: dict[tuple[str, str], Any] = {}
        self._making = threading.Lock()

    def client(self, service: str, region: str = "") -> Any:
        """The client of one service, such as ``iam``; a session makes one at a time, and they serve all threads."""
        key = (service, region)
        with self._making:
            if key not in self._clients:
                self._clients[key] = self.session.client(
                    service, region_name=region or None, endpoint_url=self._endpoints.get(service)
                )
            return self._clients[key]

    @functools.cached_property
    def caller(self) -> Properties:
        """Whose credentials these are."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  (as boto3)

        try:
            return dict(self.client("sts").get_caller_identity())
        except ClientError as error:
            raise Refused(f"retrieving AWS account details: {_said(error)}") from None
        except BotoCoreError as error:
            raise Refused(f"retrieving AWS account details: {error}") from None


class Aws(Cloud):
    """Resources of AWS."""

    package = "aws"
    settings = frozenset(
        {
            "accessKey",
            "allowedAccountIds",
            "defaultTags",
            "endpoints",
            "forbiddenAccountIds",
            "profile",
            "region",
            "secretKey",
            "skipCredentialsValidation",
            "skipMetadataApiCheck",
            "skipRegionValidation",
            "skipRequestingAccountId",
            "token",
        }
    )
    kinds = (
        *aws_iam.KINDS,
        *aws_exclusive.KINDS,
        *aws_eks.KINDS,
        *aws_s3.KINDS,
        *aws_cloudtrail.KINDS,
        *aws_eventbridge.KINDS,
        *aws_sns.KINDS,
    )

    def configure_api(self, inputs: Properties) -> Api:
        api = Api(inputs)
        if not api.session.region_name:
            raise Refused("missing required configuration key 'aws:region': the region where AWS operations take place")
        allowed, forbidden = inputs.get("allowedAccountIds") or [], inputs.get("forbiddenAccountIds") or []
        unasked = str(inputs.get("skipRequestingAccountId")).lower() == "true"
        if not unasked or allowed or forbidden:
            _check_account(api.caller["Account"], allowed, forbidden)
        return api

    @contextmanager
    def errors_in_words(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  (as boto3)

        try:
            yield
        except ClientError as error:
            gone = error.response["Error"]["Code"] in GONE
            raise (Gone if gone else Refused)(_said(error)) from None
        except BotoCoreError as error:
            raise Refused(str(error)) from None

    def functions(self, inputs: Properties) -> Mapping[str, Callable[[], Properties]]:
        session, region = self.api.session, self.api.session.region_name
        return {
            "aws:index/getCallerIdentity:getCallerIdentity": lambda: _identity(self.api.caller),
            "aws:index/getPartition:getPartition": lambda: _partition(session.get_partition_for_region(region)),
            "aws:index/getRegion:getRegion": lambda: {"id": region, "name": region, "region": region, **inputs},
        }


def _check_account(account: str, allowed: list[Any], forbidden: list[Any]) -> None:
    if account in map(str, forbidden) or (allowed and account not in map(str, allowed)):
        raise Refused(f"AWS account ID not allowed: {account}")


def _identity(caller: Properties) -> Properties:
    account = caller["Account"]
    return {"accountId": account, "arn": caller["Arn"], "id": account, "userId": caller["UserId"]}


def _partition(name: str) -> Properties:
    suffix = {"aws-cn": "amazonaws.com.cn"}.get(name, "amazonaws.com")
    return {
        "id": name,
        "partition": name,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _said(error: ClientError) -> str:
    """An error of AWS: the call, its code and words, and the request id that support asks for."""
    answered = error.response
    request = answered.get("ResponseMetadata", {}).get("RequestId", "none")
    said = answered["Error"]
    return f"{error.operation_name}: {said['Code']}: {said.get('Message', '')} (request id {request})"
