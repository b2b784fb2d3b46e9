"""The audit trail: one line a read, with who, what and how it ended, and never a value."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_names.vaults import AWS
from secret_sidecar.errors import Denied, Unavailable
from secret_sidecar.reading.audit import AGENT_LENGTH, Audited, Trail, asked_by
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.reading.store_wrapper import Wrapped
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.store import NewValue, Secret, Written
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar, soon
from tests.sidecar.support.caller import ask, ask_raw, send

pytestmark = pytest.mark.anyio


class Lines:
    """Where a trail is written."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, lines: str) -> None:
        """Take lines."""
        self.text += lines

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Each line, as JSON."""
        return [json.loads(line) for line in self.text.splitlines()]


class Answering(Wrapped):
    """A store with one answer."""

    backend = "test"
    spelling = AWS

    def __init__(self, answer: Secret | Exception) -> None:
        self.answer = answer

    async def get(
        self,
        name: str,  # noqa: ARG002
        deadline: float,  # noqa: ARG002
        *,
        version: str | None = None,  # noqa: ARG002
        stage: str | None = None,  # noqa: ARG002
    ) -> Secret:
        """Answer."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:  # noqa: ARG002
        """Answer."""
        return Written("2", "me", "w")

    async def delete(self, name: str, deadline: float) -> Written:  # noqa: ARG002
        """Refuse."""
        raise Denied("no", code="AccessDenied", request_id="r", identity="me")

    async def close(self) -> None:
        """Hold nothing."""


def written(sidecar: Sidecar, capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What a sidecar has written to stdout, without waiting for its moment."""
    sidecar._store._trail.flush()  # type: ignore[attr-defined]
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


async def audited(
    lines: Lines, answer: Secret | Exception, name: str = "test/a", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Metrics:
    """Read once, as a caller with these headers."""
    metrics = Metrics()
    trail = Trail(metrics, lines)
    token = asked_by.set({"type": "http", "client": ("127.0.0.1", 40112), "headers": headers})
    with suppress(Unavailable, RuntimeError):
        await Audited(Answering(answer), metrics, trail).get(name, soon())
    asked_by.reset(token)
    trail.flush()
    return metrics


async def test_a_read_leaves_one_line(
    aws: FakeAws, start: StartSidecar, role_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    """In the log, with all that is known."""
    sidecar = await start(role_settings)
    await sidecar.readiness.wait()
    capfd.readouterr()
    await ask(sidecar.port, "/v1/secrets/database-password", headers={"User-Agent": "app/1.0"})
    await ask(sidecar.port, "/v1/secrets/prod/database-password")
    read, denied = written(sidecar, capfd)
    identity = "arn:aws:sts::111122223333:assumed-role/test/test.app-7d9f8c6b5-x2x4z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", read.pop("time"))
    assert re.fullmatch(r"127\.0\.0\.1 port \d+", read.pop("peer"))
    assert 0 < read.pop("ms") < 60_000
    assert read == {
        "level": "info",
        "message": "audit",
        "action": "read",
        "name": "test/database-password",
        "status": 200,
        "outcome": "ok",
        "version": "version-1",
        "cached": False,
        "identity": identity,
        "request_id": "request-1",
        "agent": "app/1.0",
    }
    assert (denied["status"], denied["outcome"], denied["name"]) == (403, "denied", "prod/database-password")
    assert (denied["code"], denied["request_id"]) == ("AccessDeniedException", "request-1")
    assert denied["identity"] == identity


async def test_a_cached_read_leaves_a_line_too(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    """It says so, and which call brought the value."""
    sidecar = await start(replace(static_settings, cache_ttl=600))
    await sidecar.readiness.wait()
    capfd.readouterr()
    for _ in range(2):
        await ask(sidecar.port, "/v1/secrets/database-password")
    first, second = written(sidecar, capfd)
    assert (first["cached"], second["cached"]) == (False, "fresh")
    assert second["request_id"] == first["request_id"] == "request-1"
    assert [action for action, _ in aws.asked] == ["DescribeSecret", "GetSecretValue"]


async def test_a_batch_leaves_a_line_for_each_name(
    start: StartSidecar, static_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the caller in each."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    capfd.readouterr()
    body = b'{"names": ["database-password", "missing"]}'
    await ask_raw(
        sidecar.port,
        b"POST /v1/secrets:batchGet HTTP/1.1\r\nHost: localhost\r\nUser-Agent: app\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
    )
    assert {(line["name"], line["outcome"], line["agent"]) for line in written(sidecar, capfd)} == {
        ("test/database-password", "ok", "app"),
        ("test/missing", "not-found", "app"),
    }


async def test_writes_leave_a_line() -> None:
    """With what was done, and without what was written."""
    lines, metrics = Lines(), Metrics()
    trail = Trail(metrics, lines)
    store = Audited(Answering(Secret("a", "v", "1")), metrics, trail)
    await store.put("test/a", NewValue("s3cr3t"), soon())
    with pytest.raises(Denied):
        await store.delete("test/a", soon())
    await store.close()
    put, deleted = lines.documents
    assert (put["action"], put["status"], put["version"]) == ("put", 200, "2")
    assert (put["identity"], put["request_id"]) == ("me", "w")
    assert (deleted["action"], deleted["status"], deleted["code"]) == ("delete", 403, "AccessDenied")
    assert "s3cr3t" not in lines.text


async def test_a_write_that_succeeded_leads_to_the_clouds_trail(
    start: StartSidecar, role_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    """Who wrote, and the cloud's own id of the call: of a secret that is marked for deletion already, too."""
    sidecar = await start(replace(role_settings, access="read_write"))
    await sidecar.readiness.wait()
    capfd.readouterr()
    path = "/v1/secrets/new"
    made = await send(sidecar.port, path, {"value": "s3cr3t"})
    changed = await send(sidecar.port, path, {"value": "s3cr3t-2"}, "PUT")
    for _ in range(2):
        assert (await ask(sidecar.port, path, "DELETE")).status == 204
    lines = written(sidecar, capfd)
    assert [(line["action"], line["status"], line.get("version")) for line in lines] == [
        ("create", 201, made.json["version"]),
        ("put", 200, changed.json["version"]),
        ("delete", 204, None),
        ("delete", 204, None),
    ]
    identity = "arn:aws:sts::111122223333:assumed-role/test/test.app-7d9f8c6b5-x2x4z"
    assert {(line["identity"], line["request_id"]) for line in lines} == {(identity, "request-1")}
    assert "s3cr3t" not in json.dumps(lines)


@given(st.text(min_size=1), st.text(), st.text(), st.binary(), st.sampled_from([None, "fresh", "stale"]), st.booleans())
async def test_no_text_breaks_a_line_or_shows_the_value(
    name: str, version: str, identity: str, agent: bytes, cached: Any, fails: bool
) -> None:
    """Text of callers and clouds stays within its quotes."""
    lines = Lines()
    answer: Secret | Exception = Secret(name, "s3cr3t-value", version, identity=identity, cached=cached)
    if fails:
        answer = Unavailable("s3cr3t-detail", code=version, request_id=identity)
    await audited(lines, answer, name, ((b"user-agent", agent),))
    (line,) = lines.documents
    assert (line["name"], line["agent"]) == (name, agent[:AGENT_LENGTH].decode("latin-1"))
    assert lines.text.isascii()
    assert "s3cr3t" not in lines.text


async def test_a_binary_value_is_nowhere_either(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither as bytes nor as base64: not in the log, the metrics, or a problem about one of its fields."""
    value = bytes(range(256))
    aws.secrets["test/binary"] = value
    sidecar = await start(replace(static_settings, cache_ttl=600, metrics_names=True))
    await sidecar.readiness.wait()
    encoded = (await ask(sidecar.port, "/v1/secrets/binary")).json["value"]
    assert base64.b64decode(encoded) == value
    problem = (await ask(sidecar.port, "/v1/secrets/binary?key=a")).body
    metrics = (await ask(sidecar.health_port, "/metrics")).body
    sidecar._store._trail.flush()  # type: ignore[attr-defined]
    shown = problem + metrics + "".join(capfd.readouterr()).encode() + repr(vars(sidecar._store)).encode()
    for form in (value[32:48], encoded[:24].encode(), value.hex()[:32].encode(), repr(value)[2:34].encode()):
        assert form not in shown


async def test_a_defect_leaves_a_line() -> None:
    """Without its text."""
    lines = Lines()
    await audited(lines, RuntimeError("s3cr3t"))
    (line,) = lines.documents
    assert (line["status"], line["outcome"]) == (500, "internal-error")
    assert "s3cr3t" not in lines.text


async def test_a_line_that_cannot_be_written_keeps_nobody_from_reading() -> None:
    """It is counted."""

    def broken(_: str) -> None:
        raise BrokenPipeError

    metrics = Metrics()
    trail = Trail(metrics, broken)
    store = Audited(Answering(Secret("a", "v", "1")), metrics, trail)
    assert (await store.get("a", soon())).value == "v"
    assert (await store.get("a", soon())).value == "v"
    trail.flush()
    assert b"secret_sidecar_audit_lines_lost_total 2\n" in metrics.render()
