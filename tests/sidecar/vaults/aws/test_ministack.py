"""The API against MiniStack, which verifies signatures and evaluates trust and identity policies."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest

from secret_sidecar.http_client.origin import Origin
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from tests.free_port import free_port
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask, send
from tests.sidecar.support.streams import Stream

pytestmark = pytest.mark.anyio

ACCOUNT = "111122223333"
REGION = "us-east-1"
ISSUER = "https://issuer.example"
SUBJECT = "system:serviceaccount:test:app"


@dataclass(frozen=True)
class MiniStack:
    """A MiniStack that runs."""

    url: str

    def client(self, service: str) -> Any:
        """The account's root, at a service: MiniStack takes twelve digits for that."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
        )


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """MiniStack with a role that trusts one ServiceAccount, a user, and a secret on each side."""
    port = free_port()
    folder = tmp_path_factory.mktemp("ministack")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
    }
    command = Path(sys.executable).with_name("ministack")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([command], env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        running = MiniStack(f"http://127.0.0.1:{port}")
        seed(running)
        yield running
    finally:
        process.terminate()
        process.wait()


def document(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def seed(ministack: MiniStack) -> None:
    """Make what the tests read, and who reads it."""
    iam, secrets = ministack.client("iam"), ministack.client("secretsmanager")
    for side in ("test", "prod"):
        secrets.create_secret(Name=f"{side}/database-password", SecretString=f"hunter2-{side}")
    secrets.create_secret(Name="test/key", SecretBinary=b"\x00\x01\xfe\xff")
    secrets.create_secret(Name="test/deleted", SecretString="x")
    secrets.delete_secret(SecretId="test/deleted", RecoveryWindowInDays=7)
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {"issuer.example:sub": SUBJECT, "issuer.example:aud": "sts.amazonaws.com"},
        },
    }
    read = {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:test/*",
    }
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40])
    iam.create_role(
        RoleName="test", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    policy = json.dumps({"Version": "2012-10-17", "Statement": [read]})
    iam.put_role_policy(RoleName="test", PolicyName="read", PolicyDocument=policy)
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
    actions = ("DescribeSecret", "CreateSecret", "PutSecretValue", "DeleteSecret", "GetSecretValue")
    write = {**read, "Action": [f"secretsmanager:{action}" for action in actions]}
    iam.create_user(UserName="writer")
    iam.put_user_policy(UserName="writer", PolicyName="write", PolicyDocument=document(write))


@pytest.fixture
def settings(ministack: MiniStack) -> Settings:
    """A sidecar of namespace test, without any credentials yet."""
    return Settings(
        backend="aws",
        namespace="test",
        prefix="test/",
        pod_name="app-1",
        port=0,
        health_port=0,
        vault=AwsSettings(region=REGION, endpoint_url=Origin.parse(ministack.url)),
    )


@pytest.fixture
def user_settings(ministack: MiniStack, settings: Settings) -> Settings:
    """The same, with a user's static key."""
    return with_key(ministack, settings, "reader")


@pytest.fixture
def writer_settings(ministack: MiniStack, settings: Settings) -> Settings:
    """The same, of a user who may write, and with a sidecar that lets it."""
    return replace(with_key(ministack, settings, "writer"), access="read_write", events_interval=0.01)


def with_key(ministack: MiniStack, settings: Settings, user: str) -> Settings:
    """The settings with a new key of a user's."""
    key = ministack.client("iam").create_access_key(UserName=user)["AccessKey"]
    return replace(
        settings,
        vault=replace(
            settings.vault_as(AwsSettings), access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
        ),
    )


def role_settings(settings: Settings, folder: Path, subject: str = SUBJECT) -> Settings:
    """The same, with a token for a role."""
    claims = {"iss": ISSUER, "sub": subject, "aud": "sts.amazonaws.com", "exp": int(time.time()) + 600}
    token = folder / "token"
    token.write_text(jwt.encode(claims, "x" * 32))
    role = f"arn:aws:iam::{ACCOUNT}:role/test"
    return replace(
        settings, vault=replace(settings.vault_as(AwsSettings), role_arn=role, web_identity_token_file=token)
    )


async def test_a_web_identity_reads_its_own_and_is_refused_the_others(
    start: StartSidecar, settings: Settings, tmp_path: Path
) -> None:
    """With GetSecretValue alone: ready, 200, 403 with the role, 404 and 410."""
    sidecar = await start(role_settings(settings, tmp_path))
    await sidecar.readiness.wait()
    own = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (own.status, own.json["name"], own.json["value"]) == (200, "test/database-password", "hunter2-test")
    assert (await ask(sidecar.port, "/v1/secrets/test%2Fdatabase-password")).json == own.json
    assert (await ask(sidecar.port, "/v1/secrets/key")).json["value"] == "AAH+/w=="

    foreign = await ask(sidecar.port, "/v1/secrets/prod/database-password")
    assert (foreign.status, foreign.json["code"]) == (403, "AccessDeniedException")
    assert foreign.json["identity"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/test/test.app-1"

    assert (await ask(sidecar.port, "/v1/secrets/missing")).status == 404
    assert (await ask(sidecar.port, "/v1/secrets/deleted")).status == 410


async def test_another_service_account_gets_no_identity(
    start: StartSidecar, settings: Settings, tmp_path: Path
) -> None:
    """STS refuses the role, and the answer says which."""
    sidecar = await start(role_settings(settings, tmp_path, "system:serviceaccount:prod:app"))
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["code"]) == (503, "AccessDenied")
    assert got.json["identity"] == f"arn:aws:iam::{ACCOUNT}:role/test"
    assert (await ask(sidecar.health_port, "/readyz")).status == 503


async def test_a_static_key_reads_its_own_and_is_refused_the_others(
    start: StartSidecar, user_settings: Settings
) -> None:
    """A user with the same policy."""
    sidecar = await start(user_settings)
    await sidecar.readiness.wait()
    assert (await ask(sidecar.port, "/v1/secrets/database-password")).json["value"] == "hunter2-test"
    foreign = await ask(sidecar.port, "/v1/secrets/prod/database-password")
    assert (foreign.status, foreign.json["identity"]) == (
        403,
        f"access key {user_settings.vault_as(AwsSettings).access_key_id}",
    )


async def test_a_wrong_secret_key_is_no_identity(start: StartSidecar, user_settings: Settings) -> None:
    """MiniStack verifies signatures, and says so by its own code."""
    sidecar = await start(
        replace(user_settings, vault=replace(user_settings.vault_as(AwsSettings), secret_access_key="wrong"))
    )
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:identity-unavailable")


async def test_a_secret_is_written_selected_watched_and_deleted(start: StartSidecar, writer_settings: Settings) -> None:
    """By an identity that may, and not beyond its own prefix."""
    port = (await start(writer_settings)).port
    made = await send(port, "/v1/secrets/database", {"value": '{"user": "a", "password": "one"}'})
    assert (made.status, (await send(port, "/v1/secrets/database", {"value": "x"})).status) == (201, 409)
    async with Stream(port, "/v1/events?names=database,prod/database-password") as stream:
        assert await stream.events(2) == {"test/database": made.json["version"], "prod/database-password": 403}
        put = await send(port, "/v1/secrets/database", {"value": '{"user": "b", "password": "two"}'}, "PUT")
        assert await stream.events(1) == {"test/database": put.json["version"]}
    now = await ask(port, "/v1/secrets/database?key=user")
    assert (now.json["value"], now.json["version"]) == ("b", put.json["version"])
    for query in ("stage=AWSPREVIOUS", f"version={made.json['version']}"):
        assert (await ask(port, f"/v1/secrets/database?key=user&{query}")).json["value"] == "a"
    for query in ("stage=NOBODYS", f"version={'3' * 32}"):
        assert (await ask(port, f"/v1/secrets/database?{query}")).status == 404
    fields = [{"name": "database", "key": key} for key in ("user", "password")]
    batch = await send(port, "/v1/secrets:batchGet", {"names": [*fields, "prod/database-password", "missing"]})
    assert [secret["value"] for secret in batch.json["secrets"]] == ["b", "two"]
    assert [problem["status"] for problem in batch.json["errors"]] == [403, 404]
    binary = await send(port, "/v1/secrets/database", {"value": "/wA=", "encoding": "base64"}, "PUT")
    assert (await ask(port, "/v1/secrets/database")).json == {
        "name": "test/database",
        "value": "/wA=",
        "encoding": "base64",
        "version": binary.json["version"],
    }
    assert [(await ask(port, "/v1/secrets/database", "DELETE")).status for _ in range(2)] == [204, 204]
    assert (await ask(port, "/v1/secrets/database")).status == 410
    for method, path, status in (
        ("PUT", "/v1/secrets/missing", 404),
        ("PUT", "/v1/secrets/database", 410),
        ("POST", "/v1/secrets/prod/new", 403),
        ("PUT", "/v1/secrets/prod/database-password", 403),
        ("DELETE", "/v1/secrets/prod/database-password", 403),
    ):
        assert (await send(port, path, {"value": "x"}, method)).status == status, (method, path)


async def test_who_may_only_read_cannot_write(start: StartSidecar, user_settings: Settings) -> None:
    """Even through a sidecar that would let it."""
    port = (await start(replace(user_settings, access="read_write"))).port
    got = await send(port, "/v1/secrets/database-password", {"value": "x"}, "PUT")
    assert (got.status, got.json["code"]) == (403, "AccessDeniedException")
    assert (await ask(port, "/v1/secrets/database-password")).json["value"] == "hunter2-test"
