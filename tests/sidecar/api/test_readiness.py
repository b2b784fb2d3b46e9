"""Health: ready once the vault has answered the identity, and for good."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from secret_sidecar.api.readiness import Readiness
from secret_sidecar.errors import IdentityUnavailable
from secret_sidecar.settings import Settings
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    for module in ("retry", "api.readiness", "vaults.identity.refreshing"):
        monkeypatch.setattr(f"secret_sidecar.{module}.FIRST_PAUSE", 0.0)


async def test_ready_when_the_vault_has_described_the_first_declared_name(
    aws: FakeAws, start: StartSidecar, role_settings: Settings
) -> None:
    """One call, however often the kubelet probes."""
    sidecar = await start(replace(role_settings, names=("test/database-password", "test/key")))
    await sidecar.readiness.wait()
    for _ in range(3):
        got = await ask(sidecar.health_port, "/readyz")
        assert (got.status, got.json) == (200, {"status": "ready"})
    assert aws.asked == [("DescribeSecret", "test/database-password")]


@pytest.mark.parametrize("may_describe", [True, False])
async def test_any_answer_to_the_identity_counts(
    may_describe: bool, aws: FakeAws, start: StartSidecar, role_settings: Settings
) -> None:
    """A missing name, or a role that may only read values: the vault knew the identity."""
    aws.may_describe = may_describe
    sidecar = await start(role_settings)
    await sidecar.readiness.wait()
    assert aws.asked == [("DescribeSecret", "test/readiness")]


async def test_not_ready_while_the_identity_is_refused(
    aws: FakeAws, start: StartSidecar, role_settings: Settings, token_file: Path
) -> None:
    """The body says why, without identity, address or token; alive all the while, and ready once it works."""
    aws.tokens = set()
    aws.sts_gate.clear()
    sidecar = await start(role_settings)
    got = await ask(sidecar.health_port, "/readyz")
    assert (got.status, got.json["detail"]) == (503, "the vault has not been asked yet")
    aws.sts_gate.set()
    while sidecar.readiness.reason == "the vault has not been asked yet":
        await aws.sts_asked.wait()
        await ask(sidecar.health_port, "/healthz")
    got = await ask(sidecar.health_port, "/readyz")
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json == {
        "type": "urn:secret-access:problem:not-ready",
        "title": "The sidecar is not ready",
        "status": 503,
        "detail": "The identity is not available: InvalidIdentityToken",
    }
    assert (await ask(sidecar.health_port, "/healthz")).json == {"status": "alive"}
    aws.tokens = {"token-1"}
    await sidecar.readiness.wait()
    assert (await ask(sidecar.health_port, "/readyz")).status == 200


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('role "blue-payments" could not be found', "The identity is not available"),
        ("blue-payments", "The identity is not available"),
        ("arn:aws:iam::111122223333:role/blue-payments", "The identity is not available"),
        ("payments@my-project.iam.gserviceaccount.com", "The identity is not available"),
        ("x" * 81, "The identity is not available"),
        ("PERMISSION_DENIED", "The identity is not available: PERMISSION_DENIED"),
        ("AADSTS700213", "The identity is not available: AADSTS700213"),
    ],
)
async def test_the_reason_names_no_identity(
    code: str, shown: str, static_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Every address may ask for it; the log has all."""
    reasons: list[str] = []

    class Refuses:
        """Refuses once, in a cloud's words."""

        async def probe(self, name: str, deadline: float) -> None:  # noqa: ARG002
            if not reasons:
                reasons.append(readiness.reason)
                raise IdentityUnavailable(f"refused auth/jwt/role/payments: {code}", code=code, identity="payments")
            reasons.append(readiness.reason)

    readiness = Readiness(Refuses(), static_settings)
    await readiness.run()
    assert reasons[1] == shown
    (record,) = [record for record in caplog.records if record.message == "not ready"]
    assert record.__dict__["reason"] == f"refused auth/jwt/role/payments: {code}"


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidSignatureException", "InternalServiceError"])
async def test_an_answer_that_refuses_the_credentials_does_not_count(
    code: str, aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """Nor does a fault of the vault's."""
    aws.faults.extend([fake_aws.error(code)] * 9)
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    assert len(aws.faults) == 0


async def test_a_vault_that_fails_later_takes_no_pod_out_of_service(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    await aws.__aexit__()
    assert (await ask(sidecar.port, "/v1/secrets/database-password")).status == 503
    assert (await ask(sidecar.health_port, "/readyz")).status == 200


async def test_a_captive_portal_is_no_vault(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    """A 200 that is no description does not count."""
    aws.faults.append(fake_aws.Reply(200, b"<html>", "text/html"))
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    assert [action for action, _ in aws.asked] == ["DescribeSecret"]


async def test_health_serves_nothing_else(start: StartSidecar, static_settings: Settings) -> None:
    """No secret is on the port that every address reaches."""
    sidecar = await start(static_settings)
    got = await ask(sidecar.health_port, "/v1/secrets/database-password", host="127.0.0.2")
    assert (got.status, got.headers["content-type"]) == (404, "application/problem+json")
    assert (await ask(sidecar.health_port, "/healthz", "POST")).status == 405


async def test_a_defect_while_asking_is_told_and_asked_after_again(
    static_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise the sidecar would never become ready, without a reason in the log."""

    class Odd:
        """Fails once, with words that nobody may read."""

        asked = 0

        async def probe(self, name: str, deadline: float) -> None:  # noqa: ARG002
            self.asked += 1
            if self.asked == 1:
                raise ValueError("s3cr3t")

    odd = Odd()
    readiness = Readiness(odd, static_settings)
    await readiness.run()
    assert odd.asked == 2
    assert readiness.reason == "An internal error of the sidecar"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["not ready"]
