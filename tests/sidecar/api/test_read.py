"""Reading a secret over HTTP, from the caller to a vault that checks signatures: every answer that the API promises."""

from __future__ import annotations

import asyncio

import boto3
import pytest

from secret_sidecar.settings import Settings
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask

pytestmark = pytest.mark.anyio


def read_by_boto3(url: str, secret_key: str) -> str:
    """Read as an application with the SDK would."""
    client = boto3.client(
        "secretsmanager",
        endpoint_url=url,
        region_name=fake_aws.REGION,
        aws_access_key_id=fake_aws.STATIC_KEY,
        aws_secret_access_key=secret_key,
    )
    value: str = client.get_secret_value(SecretId="test/database-password")["SecretString"]
    return value


async def test_boto3_is_content_with_the_fake(aws: FakeAws) -> None:
    assert await asyncio.to_thread(read_by_boto3, aws.url, fake_aws.STATIC_SECRET) == "hunter2-test"


async def test_the_fake_refuses_a_wrong_signature(aws: FakeAws) -> None:
    with pytest.raises(Exception, match="InvalidSignatureException"):
        await asyncio.to_thread(read_by_boto3, aws.url, "wrong")


@pytest.mark.parametrize("path", ["database-password", "test/database-password", "test%2Fdatabase-password"])
async def test_a_name_is_the_same_in_three_spellings(path: str, start: StartSidecar, static_settings: Settings) -> None:
    """A name without slash is the namespace's own; a slash may be escaped."""
    sidecar = await start(static_settings)
    got = await ask(sidecar.port, f"/v1/secrets/{path}")
    assert got.status == 200
    assert got.json == {"name": "test/database-password", "value": "hunter2-test", "version": "version-1"}
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["etag"] == '"version-1"'
    assert got.headers["content-type"] == "application/json"


async def test_a_binary_secret_comes_as_base64(start: StartSidecar, static_settings: Settings) -> None:
    """Bytes that are not text are marked as such."""
    got = await ask((await start(static_settings)).port, "/v1/secrets/key")
    assert got.json == {"name": "test/key", "value": "AAH+/w==", "version": "version-1", "encoding": "base64"}


async def test_any_text_survives(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    """Quotes, line breaks, astral characters and even half a surrogate pair arrive as they are."""
    text = 'a"b\\c\r\n\x00é漢\U0001f511\ud800'
    aws.secrets["test/odd"] = text
    got = await ask((await start(static_settings)).port, "/v1/secrets/odd")
    assert got.json["value"] == text


async def test_a_read_gives_the_latest_value(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    sidecar = await start(static_settings)
    assert (await ask(sidecar.port, "/v1/secrets/database-password")).json["value"] == "hunter2-test"
    aws.secrets["test/database-password"] = "rotated"
    aws.versions["test/database-password"] = "version-2"
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.json["value"], got.headers["etag"]) == ("rotated", '"version-2"')


@pytest.mark.parametrize("tag", ['"version-1"', 'W/"version-1"', '"a", "version-1"', "*"])
async def test_a_version_that_the_caller_has_is_not_sent_again(
    tag: str, start: StartSidecar, static_settings: Settings
) -> None:
    """If-None-Match with the current version gives 304 without a body."""
    sidecar = await start(static_settings)
    got = await ask(sidecar.port, "/v1/secrets/database-password", headers={"If-None-Match": tag})
    assert (got.status, got.body, got.headers["etag"]) == (304, b"", '"version-1"')


async def test_another_version_is_sent(start: StartSidecar, static_settings: Settings) -> None:
    """If-None-Match with an old version gives the value."""
    sidecar = await start(static_settings)
    got = await ask(sidecar.port, "/v1/secrets/database-password", headers={"If-None-Match": '"version-0"'})
    assert got.status == 200


async def test_head_tells_the_version_alone(start: StartSidecar, static_settings: Settings) -> None:
    """HEAD is GET without the value."""
    sidecar = await start(static_settings)
    got = await ask(sidecar.port, "/v1/secrets/database-password", "HEAD")
    assert (got.status, got.body, got.headers["etag"]) == (200, b"", '"version-1"')


async def test_a_foreign_secret_is_the_clouds_to_refuse(
    aws: FakeAws, start: StartSidecar, role_settings: Settings
) -> None:
    """The 403 names the role that was refused, and shows that the cloud decided."""
    got = await ask((await start(role_settings)).port, "/v1/secrets/prod/database-password")
    identity = "arn:aws:sts::111122223333:assumed-role/test/test.app-7d9f8c6b5-x2x4z"
    assert (got.status, got.headers["content-type"]) == (403, "application/problem+json")
    assert got.json == {
        "type": "urn:secret-access:problem:denied",
        "title": "The cloud denied access",
        "status": 403,
        "detail": f"AWS Secrets Manager refused 'prod/database-password' to {identity}, or there is no such secret",
        "name": "prod/database-password",
        "backend": "aws",
        "identity": identity,
        "code": "AccessDeniedException",
        "request_id": "request-1",
    }
    assert ("GetSecretValue", "prod/database-password") in aws.asked
