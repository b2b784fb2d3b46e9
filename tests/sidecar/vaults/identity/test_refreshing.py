"""When credentials are renewed, for how many readers: by a clock that the tests move."""

from __future__ import annotations

import asyncio
from pathlib import Path

import boto3
import pytest

from secret_sidecar.errors import IdentityTimedOut, IdentityUnavailable
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.credentials import Credentials
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import AwsSource, Clock, StartSidecar, rewrite, soon
from tests.sidecar.support.caller import ask

pytestmark = pytest.mark.anyio


def read_by_boto3(url: str) -> str:
    """Read as an application with the SDK and a web identity would."""
    client = boto3.client("secretsmanager", endpoint_url=url, region_name=fake_aws.REGION)
    value: str = client.get_secret_value(SecretId="test/database-password")["SecretString"]
    return value


async def test_boto3_is_content_with_the_fakes_web_identity(
    aws: FakeAws, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The official provider assumes the role and reads, before ours may."""
    monkeypatch.setenv("AWS_ROLE_ARN", fake_aws.ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "boto3")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
    assert await asyncio.to_thread(read_by_boto3, aws.url) == "hunter2-test"


async def test_the_token_is_exchanged_for_the_roles_credentials(aws: FakeAws, source: AwsSource) -> None:
    """STS gets role, session and token, and we its answer."""
    credentials = await source.get(soon())
    assert aws.assumed == [
        {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": fake_aws.ROLE,
            "RoleSessionName": "test.app-1",
            "WebIdentityToken": "token-1",
        }
    ]
    assert credentials == Credentials(
        "ASIA0000000000000001",
        "session-secret-1",
        "session-token-1",
        1_003_600.0,
        "arn:aws:sts::111122223333:assumed-role/test/test.app-1",
    )


async def test_fifty_readers_cost_one_exchange(aws: FakeAws, source: AwsSource) -> None:
    aws.sts_gate.clear()
    readers = [asyncio.create_task(source.get(soon())) for _ in range(50)]
    await aws.sts_asked.wait()
    aws.sts_gate.set()
    assert len(set(await asyncio.gather(*readers))) == 1
    assert len(aws.assumed) == 1


async def test_fifty_requests_cost_one_exchange(aws: FakeAws, start: StartSidecar, role_settings: Settings) -> None:
    """The same, through the server: the readiness probe's exchange included."""
    sidecar = await start(role_settings)
    answers = await asyncio.gather(*(ask(sidecar.port, "/v1/secrets/database-password") for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert len(aws.assumed) == 1


async def test_a_reader_that_goes_away_takes_nothing_with_it(aws: FakeAws, source: AwsSource) -> None:
    """The first reader is cancelled, the second gets what the first began."""
    aws.sts_gate.clear()
    first, second = (asyncio.create_task(source.get(soon())) for _ in range(2))
    await aws.sts_asked.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    aws.sts_gate.set()
    assert (await second).access_key == "ASIA0000000000000001"
    assert len(aws.assumed) == 1


async def test_the_exchange_goes_on_when_nobody_waits(aws: FakeAws, source: AwsSource) -> None:
    aws.sts_gate.clear()
    only = asyncio.create_task(source.get(soon()))
    await aws.sts_asked.wait()
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    aws.sts_gate.set()
    await source.get(soon())
    assert len(aws.assumed) == 1


async def test_a_readers_deadline_is_its_own(aws: FakeAws, source: AwsSource) -> None:
    aws.sts_gate.clear()
    with pytest.raises(IdentityTimedOut, match="the identity was not obtained before the deadline"):
        await source.get(asyncio.get_running_loop().time() + 0.01)
    aws.sts_gate.set()
    await source.get(soon())
    assert len(aws.assumed) == 1


async def test_credentials_serve_until_a_quarter_hour_before_they_expire(
    aws: FakeAws, source: AwsSource, clock: Clock
) -> None:
    first = await source.get(soon())
    clock.now += 3600 - 901
    assert await source.get(soon()) is first
    assert len(aws.assumed) == 1


async def test_credentials_are_renewed_ahead_while_the_old_ones_serve(
    aws: FakeAws, source: AwsSource, clock: Clock, token_file: Path
) -> None:
    """Nobody waits for the renewal, and it reads the token that the kubelet has put there since."""
    first = await source.get(soon())
    clock.now += 3600 - 899
    aws.tokens = {"token-2"}
    rewrite(token_file, b"token-2\n")
    aws.sts_gate.clear()
    assert await source.get(soon()) is first
    assert await source.get(soon()) is first
    aws.sts_gate.set()
    assert source._task is not None
    await source._task
    assert (await source.get(soon())).access_key == "ASIA0000000000000002"
    assert [form["WebIdentityToken"] for form in aws.assumed] == ["token-1", "token-2"]


async def test_nobody_gets_credentials_that_are_about_to_expire(aws: FakeAws, source: AwsSource, clock: Clock) -> None:
    """Half a minute before expiry, readers wait for new ones."""
    await source.get(soon())
    clock.now += 3600 - 29
    assert (await source.get(soon())).access_key == "ASIA0000000000000002"


async def test_short_sessions_are_renewed_in_proportion(aws: FakeAws, source: AwsSource, clock: Clock) -> None:
    """Credentials of 40 seconds serve for 30, not for none."""
    aws.lifetime = 40
    first = await source.get(soon())
    clock.now += 29
    assert await source.get(soon()) is first
    assert len(aws.assumed) == 1


async def test_valid_credentials_stay_in_use_while_renewal_fails(aws: FakeAws, source: AwsSource, clock: Clock) -> None:
    """Even in their last half minute; after a failure the next try waits, ever longer."""
    first = await source.get(soon())
    aws.tokens = set()
    clock.now += 3600 - 20
    assert await source.get(soon()) is first
    assert len(aws.assumed) == 2
    assert await source.get(soon()) is first
    assert len(aws.assumed) == 2, "the next try waits for a second"
    clock.now += 1
    assert await source.get(soon()) is first
    assert len(aws.assumed) == 3
    clock.now += 1
    assert await source.get(soon()) is first
    assert len(aws.assumed) == 3, "and then for two"


async def test_expired_credentials_are_not_used_when_renewal_fails(
    aws: FakeAws, source: AwsSource, clock: Clock
) -> None:
    """Readers get the reason, at once while the next try waits, and are served again after it."""
    await source.get(soon())
    aws.tokens = set()
    clock.now += 3601
    for _ in range(3):
        with pytest.raises(IdentityUnavailable) as failure:
            await source.get(soon())
        assert (failure.value.code, failure.value.request_id) == ("InvalidIdentityToken", "request-1")
    assert len(aws.assumed) == 2
    aws.tokens = {"token-1"}
    clock.now += 1
    assert (await source.get(soon())).access_key == "ASIA0000000000000003"
