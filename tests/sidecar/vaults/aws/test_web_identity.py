"""A role assumed with the projected token: what STS, the token file and the vault may do to it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from secret_sidecar.errors import IdentityUnavailable
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.aws.store import AwsStore
from secret_sidecar.vaults.aws.web_identity import WebIdentity
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws, Reply
from tests.sidecar.conftest import AwsSource, Clock, rewrite, soon

pytestmark = pytest.mark.anyio


def credentials_of(session: str = "t", expires: str = "2100-01-01T00:00:00Z") -> Reply:
    """An answer with credentials of which one part is odd."""
    body = (
        f"<a><Arn>arn</Arn><AccessKeyId>k</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>{session}</SessionToken><Expiration>{expires}</Expiration></a>"
    )
    return Reply(200, body.encode(), "text/xml")


NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Reply(500, b"<html>"),
        fake_aws.sts_error("IDPCommunicationError"),
        b"HTTP/1.1",
        fake_aws.sts_error("InvalidIdentityToken", message=NO_KEY),
        fake_aws.sts_error("Throttling"),
        fake_aws.sts_error("ThrottlingException"),
        fake_aws.sts_error("RequestTimeout"),
        fake_aws.sts_error("SlowDown"),
        fake_aws.sts_error("InternalServiceError"),
        fake_aws.sts_error("NobodyKnows", 429),
        Reply(408, b""),
    ],
    ids=lambda value: repr(value)[:200],
)
async def test_what_passes_at_sts_is_tried_again(fault: Reply | bytes | None, aws: FakeAws, source: AwsSource) -> None:
    """Inside the exchange, so that readers do not notice."""
    aws.sts_faults.extend([fault, fault])
    assert (await source.get(soon())).access_key == "ASIA0000000000000001"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            fake_aws.sts_error("AccessDenied", 403),
            r"refused role arn:aws:iam::111122223333:role/test: AccessDenied; a new role, or .* takes some seconds",
        ),
        (fake_aws.sts_error("ExpiredTokenException"), "ExpiredTokenException"),
        (Reply(200, b"<a><b></a>", "text/xml"), "not XML"),
        (Reply(200, b"{}", "text/xml"), "not XML"),
        (Reply(200, b"<a/>", "text/xml"), "no AccessKeyId"),
        (Reply(200, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "text/xml"), "document type"),
        (Reply(404, b"<html>", "text/html"), "HTTP 404"),
        (credentials_of(session="two\nlines"), "SessionToken of other characters"),
        (credentials_of(session="\u201d"), "SessionToken of other characters"),
        (credentials_of(expires="soon"), "Invalid isoformat"),
        (credentials_of(expires="0001-01-01T00:00:00"), "Expiration without a time zone"),
        (b"SSH-2.0\r\n\r\n", "did not answer in HTTP/1.1"),
    ],
    ids=lambda value: repr(value)[:50],
)
async def test_what_does_not_pass_at_sts_is_told(
    fault: Reply | bytes, message: str, aws: FakeAws, source: AwsSource
) -> None:
    """Once, with the role that was meant."""
    aws.sts_faults.append(fault)
    with pytest.raises(IdentityUnavailable, match=message) as failure:
        await source.get(soon())
    assert failure.value.identity == fake_aws.ROLE
    assert not aws.assumed


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two words", b"\xff"])
async def test_a_token_file_that_holds_no_token(content: bytes | None, source: AwsSource, token_file: Path) -> None:
    """A file that vanished, is empty, or holds something else: the path is told, the content is not."""
    rewrite(token_file, content)
    with pytest.raises(IdentityUnavailable, match=f"token file {re.escape(str(token_file))}") as failure:
        await source.get(soon())
    assert "two words" not in str(failure.value)


async def test_credentials_that_the_vault_refuses_are_renewed_at_once(
    aws: FakeAws, source: AwsSource, clock: Clock
) -> None:
    """They may have been revoked, or expired under way: one renewal, one more try, and the caller sees a value."""
    store = AwsStore(Client(Origin.parse(aws.url)), source, fake_aws.REGION)
    await asyncio.gather(*(store.get("test/database-password", soon()) for _ in range(3)))
    clock.now += 100
    aws.faults.extend([fake_aws.error("ExpiredTokenException")] * 3)
    secrets = await asyncio.gather(*(store.get("test/database-password", soon()) for _ in range(3)))
    assert {secret.value for secret in secrets} == {"hunter2-test"}
    assert len(aws.assumed) == 2


async def test_a_late_refusal_of_old_credentials_costs_nothing(source: AwsSource, clock: Clock, aws: FakeAws) -> None:
    """They were renewed meanwhile."""
    old = await source.get(soon())
    clock.now += 100
    renewed = await source.renew(old, soon())
    assert renewed is not old
    assert await source.renew(old, soon()) is renewed
    assert len(aws.assumed) == 2


async def test_a_vault_that_refuses_all_credentials_costs_no_more_renewals(
    aws: FakeAws, source: AwsSource, clock: Clock
) -> None:
    """Brand-new credentials are not renewed: the answer is the refusal."""
    store = AwsStore(Client(Origin.parse(aws.url)), source, fake_aws.REGION)
    aws.faults.extend([fake_aws.error("UnrecognizedClientException")] * 10)
    for _ in range(5):
        with pytest.raises(IdentityUnavailable, match="UnrecognizedClientException"):
            await store.get("test/database-password", soon())
    assert len(aws.assumed) == 1
    clock.now += 6
    with pytest.raises(IdentityUnavailable):
        await store.get("test/database-password", soon())
    assert len(aws.assumed) == 2


async def test_closing_stops_an_exchange(aws: FakeAws, source: AwsSource) -> None:
    aws.sts_gate.clear()
    reader = asyncio.create_task(source.get(soon()))
    await aws.sts_asked.wait()
    await source.close()
    with pytest.raises(asyncio.CancelledError):
        await reader


@pytest.mark.parametrize(("duration", "sent"), [(None, None), (900, "900"), (43200, "43200")])
async def test_the_session_lasts_as_long_as_the_settings_say(
    duration: int | None, sent: str | None, aws: FakeAws, token_file: Path
) -> None:
    """Unless they say it, STS decides: an hour."""
    identity = WebIdentity(Client(Origin.parse(aws.url)), fake_aws.ROLE, token_file, "test.app-1", duration)
    await identity.obtain(soon())
    assert aws.assumed[-1].get("DurationSeconds") == sent
    await identity.close()
