"""The official client is content with the fake, for every operation that our own store asks of it."""

from __future__ import annotations

import asyncio
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws

pytestmark = pytest.mark.anyio

TOKEN, OTHER = "t" * 32, "u" * 32


def refused(call: Any, **arguments: Any) -> str:
    """The code with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    code: str = caught.value.response["Error"]["Code"]
    return code


async def in_a_thread(aws: FakeAws, check: Any) -> None:
    """Run a check with a client of boto3's."""

    def run() -> None:
        client = boto3.client(
            "secretsmanager",
            endpoint_url=aws.url,
            region_name=fake_aws.REGION,
            aws_access_key_id=fake_aws.STATIC_KEY,
            aws_secret_access_key=fake_aws.STATIC_SECRET,
        )
        check(client)
        client.close()

    await asyncio.to_thread(run)


async def test_a_secrets_life(aws: FakeAws) -> None:
    """Made, changed, read by version and label, described, deleted."""

    def check(client: Any) -> None:
        made = client.create_secret(Name="test/new", SecretString="one")
        put = client.put_secret_value(SecretId="test/new", SecretBinary=b"two")
        assert client.get_secret_value(SecretId="test/new")["SecretBinary"] == b"two"
        for selection in ({"VersionId": made["VersionId"]}, {"VersionStage": "AWSPREVIOUS"}):
            assert client.get_secret_value(SecretId="test/new", **selection)["SecretString"] == "one"
        stages = client.describe_secret(SecretId="test/new")["VersionIdsToStages"]
        assert stages == {put["VersionId"]: ["AWSCURRENT"], made["VersionId"]: ["AWSPREVIOUS"]}
        client.delete_secret(SecretId="test/new")
        assert client.describe_secret(SecretId="test/new")["DeletedDate"]

    await in_a_thread(aws, check)


async def test_what_comes_again_with_its_token_has_happened_once(aws: FakeAws) -> None:
    """The same token with another value is refused."""

    def check(client: Any) -> None:
        for _ in range(2):
            made = client.create_secret(Name="test/new", SecretString="one", ClientRequestToken=TOKEN)
            assert made["VersionId"] == TOKEN
        for _ in range(2):
            client.put_secret_value(SecretId="test/new", SecretString="two", ClientRequestToken=OTHER)
        again = {"SecretId": "test/new", "SecretString": "three", "ClientRequestToken": OTHER}
        assert refused(client.put_secret_value, **again) == "ResourceExistsException"

    await in_a_thread(aws, check)
    assert (aws.secrets["test/new"], aws.history["test/new"]) == ("two", {TOKEN: "one"})


async def test_its_refusals(aws: FakeAws) -> None:
    """By AWS's own codes."""
    aws.deleted.add("test/key")

    def check(client: Any) -> None:
        missing, gone, foreign = "ResourceNotFoundException", "InvalidRequestException", "AccessDeniedException"
        value = {"SecretString": "x"}
        assert refused(client.create_secret, Name="test/database-password", **value) == "ResourceExistsException"
        assert refused(client.create_secret, Name="test/key", **value) == gone
        for name, code in (("test/missing", missing), ("test/key", gone), ("prod/database-password", foreign)):
            assert refused(client.put_secret_value, SecretId=name, **value) == code
            assert refused(client.delete_secret, SecretId=name) == code
            assert refused(client.get_secret_value, SecretId=name) == code
        name = "test/database-password"
        assert refused(client.get_secret_value, SecretId=name, VersionId="v" * 32) == missing
        assert refused(client.get_secret_value, SecretId=name, VersionStage="AWSPREVIOUS") == missing
        assert refused(client.get_secret_value, SecretId=name, VersionId="v" * 65) == "ValidationException"

    await in_a_thread(aws, check)


async def test_a_name_can_be_denied_purged_and_cut_to_its_latest_versions(aws: FakeAws) -> None:
    """What the soak does to names; the rest of them stays as it was."""
    aws.history_limit = 1
    versions = [aws.put("test/cut", str(number)) for number in range(3)]
    aws.put("test/purged", "x")
    aws.purge("test/purged")
    aws.denied.add("test/database-password")

    def check(client: Any) -> None:
        assert client.get_secret_value(SecretId="test/cut", VersionStage="AWSPREVIOUS")["SecretString"] == "1"
        assert (
            refused(client.get_secret_value, SecretId="test/cut", VersionId=versions[0]) == "ResourceNotFoundException"
        )
        assert refused(client.get_secret_value, SecretId="test/purged") == "ResourceNotFoundException"
        for call in (client.get_secret_value, client.describe_secret):
            assert refused(call, SecretId="test/database-password") == "AccessDeniedException"
        assert client.get_secret_value(SecretId="test/key")["SecretBinary"]

    await in_a_thread(aws, check)
