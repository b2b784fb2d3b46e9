"""What Prometheus reads: judged by its own client's parser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from secret_sidecar.reading import metrics
from secret_sidecar.reading.metrics import BUCKETS, Metrics
from secret_sidecar.server import HEALTH_LIMITS
from secret_sidecar.settings import Settings
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import Got, ask, ask_raw
from tests.sidecar.test_documents import OPERATING

pytestmark = pytest.mark.anyio

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples_of(text: str) -> Samples:
    """All samples, by name and labels; the families that the parser found have their types."""
    families = list(text_string_to_metric_families(text))
    assert all(family.type in {"counter", "histogram", "gauge"} and family.documentation for family in families)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def sample(samples: Samples, name: str, /, **labels: str) -> float | None:
    """One of them."""
    return samples.get((f"secret_sidecar_{name}", tuple(sorted(labels.items()))))


async def scrape(port: int) -> Samples:
    """What a sidecar's health port tells."""
    got: Got = await ask(port, "/metrics", host="127.0.0.2")
    assert (got.status, got.headers["content-type"]) == (200, metrics.CONTENT_TYPE)
    return samples_of(got.body.decode())


READ = "/v1/secrets/{name}"


async def test_requests_calls_and_errors_are_counted(
    aws: FakeAws, start: StartSidecar, role_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By route and status, by operation and outcome, by kind of problem."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(role_settings)
    await sidecar.readiness.wait()
    for path in ("database-password", "database-password", "missing", "prod/database-password", "a%00b"):
        await ask(sidecar.port, f"/v1/secrets/{path}")
    aws.faults.extend([fake_aws.error("ThrottlingException")] * 4)
    await ask(sidecar.port, "/v1/secrets/key")
    await ask(sidecar.port, "/nowhere")
    await ask(sidecar.port, "/v1/secrets/key", headers={"Host": "evil.example"})
    samples = await scrape(sidecar.health_port)
    requests = {
        (labels["method"], labels["route"], labels["status"]): count
        for (name, pairs), count in samples.items()
        if name == "secret_sidecar_requests_total" and (labels := dict(pairs))
    }
    assert requests == {
        ("GET", READ, "200"): 2,
        ("GET", READ, "400"): 1,
        ("GET", READ, "403"): 1,
        ("GET", READ, "404"): 1,
        ("GET", READ, "429"): 1,
        ("GET", "", "404"): 1,
        ("GET", "", "421"): 1,
    }
    for kind in ("denied", "not-found", "throttled", "bad-name", "about-blank", "misdirected"):
        assert sample(samples, "errors_total", kind=kind) == 1
    for outcome, count in (("ok", 2), ("denied", 1), ("not-found", 1), ("throttled", 1)):
        assert sample(samples, "vault_calls_total", operation="get", outcome=outcome) == count
    assert sample(samples, "vault_calls_total", operation="probe", outcome="ok") == 1
    assert sample(samples, "request_duration_seconds_count", route=READ) == 6
    assert sample(samples, "request_duration_seconds_bucket", route=READ, le="+Inf") == 6
    assert sample(samples, "vault_call_duration_seconds_count", operation="get") == 5
    assert sample(samples, "requests_in_flight") == 0
    assert sample(samples, "vault_reads_in_flight") == 0
    assert sample(samples, "ready") == 1


async def test_what_never_reached_the_api_is_counted_too(start: StartSidecar, static_settings: Settings) -> None:
    """Bytes that are not a request, or too large a one; not what the health port refuses."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    await ask_raw(sidecar.port, b"HEAD * HTTP/1.1\r\n\r\n")
    await ask_raw(sidecar.port, b"\x16\x03\x01")
    await ask_raw(sidecar.port, b"GET /" + b"a" * 9000)
    await ask_raw(sidecar.health_port, b"\x16\x03\x01")
    samples = await scrape(sidecar.health_port)
    for method, status in (("HEAD", "400"), ("other", "400"), ("GET", "414")):
        assert sample(samples, "requests_total", method=method, route="", status=status) == 1
    assert sample(samples, "errors_total", kind="bad-request") == 2
    assert sample(samples, "errors_total", kind="about-blank") == 1
    assert sample(samples, "request_duration_seconds_count", route="") is None


async def test_connections_that_are_ended_for_others_are_counted(
    start: StartSidecar, static_settings: Settings
) -> None:
    """Of both ports together; what ends by itself is not."""
    sidecar = await start(static_settings)
    await ask(sidecar.port, "/v1/secrets")
    before = await scrape(sidecar.health_port)
    assert sample(before, "connections_ended_total", held="place") is None
    async with AsyncExitStack() as ended:
        for _ in range(HEALTH_LIMITS.connections):
            _, writer = await asyncio.open_connection("127.0.0.1", sidecar.health_port)
            ended.callback(writer.close)
        samples = await scrape(sidecar.health_port)
    assert (sample(samples, "connections_ended_total", held="place") or 0) >= 1
    assert sample(samples, "connections_ended_total", held="memory") is None


async def test_a_defect_is_counted(
    start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()

    def broken(*_: object) -> None:
        raise RuntimeError("s3cr3t")

    monkeypatch.setattr("secret_sidecar.vaults.aws.store._secret", broken)
    await ask(sidecar.port, "/v1/secrets/key")
    samples = await scrape(sidecar.health_port)
    assert sample(samples, "errors_total", kind="internal-error") == 1
    assert sample(samples, "requests_total", method="GET", route=READ, status="500") == 1
    assert sample(samples, "vault_calls_total", operation="get", outcome="internal-error") == 1


async def test_when_the_credentials_end(aws: FakeAws, start: StartSidecar, role_settings: Settings) -> None:
    """Known once there are some."""
    aws.sts_gate.clear()
    sidecar = await start(role_settings)
    assert sample(await scrape(sidecar.health_port), "credentials_expire_timestamp_seconds") is None
    assert sample(await scrape(sidecar.health_port), "ready") == 0
    aws.sts_gate.set()
    await sidecar.readiness.wait()
    ends = sample(await scrape(sidecar.health_port), "credentials_expire_timestamp_seconds")
    assert ends == pytest.approx(aws.clock() + aws.lifetime, abs=60)


async def test_credentials_that_do_not_end(start: StartSidecar, static_settings: Settings) -> None:
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    assert sample(await scrape(sidecar.health_port), "credentials_expire_timestamp_seconds") is None


async def test_the_cache_is_counted(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hits, misses and stale answers."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(replace(static_settings, stale_if_error=600))
    await sidecar.readiness.wait()
    await ask(sidecar.port, "/v1/secrets/key")
    aws.faults.extend([fake_aws.error("ThrottlingException")] * 4)
    assert (await ask(sidecar.port, "/v1/secrets/key")).status == 200
    sidecar._store.store._ttl = 600  # type: ignore[attr-defined]
    await ask(sidecar.port, "/v1/secrets/key")
    samples = await scrape(sidecar.health_port)
    for result in ("hit", "miss", "stale"):
        assert sample(samples, "cache_total", result=result) == 1
    assert 0 < (sample(samples, "cached_bytes") or 0) < 1000


@pytest.mark.parametrize("names", [False, True])
async def test_names_are_labels_only_if_asked_for(names: bool, start: StartSidecar, static_settings: Settings) -> None:
    """And values, identities and keys never."""
    sidecar = await start(replace(static_settings, metrics_names=names))
    await sidecar.readiness.wait()
    await ask(sidecar.port, "/v1/secrets/database-password")
    await ask(sidecar.port, "/v1/secrets/no-such")
    got = await ask(sidecar.health_port, "/metrics")
    assert (b"database-password" in got.body, b"no-such" in got.body) == (names, names)
    samples = samples_of(got.body.decode())
    expected = 1 if names else None
    assert sample(samples, "reads_total", name="test/database-password", outcome="ok") == expected
    for secret in (b"hunter2", fake_aws.STATIC_KEY.encode(), fake_aws.STATIC_SECRET.encode()):
        assert secret not in got.body


async def test_whoever_makes_up_names_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound, they are counted together."""
    monkeypatch.setattr(metrics, "MOST_SERIES", 3)
    counted = Metrics(names=True)
    assert counted.reads is not None
    for number in range(10):
        counted.reads.add(str(number), "ok")
    samples = samples_of(counted.render().decode())
    assert sample(samples, "reads_total", name="other", outcome="other") == 7
    assert sample(samples, "reads_total", name="2", outcome="ok") == 1


@given(st.lists(st.floats(0, 100), max_size=50))
def test_each_bucket_counts_what_was_no_longer_than_its_bound(durations: list[float]) -> None:
    """As Prometheus' histograms do."""
    counted = Metrics()
    for duration in durations:
        counted.request_seconds.add("/", duration)
    samples = samples_of(counted.render().decode())
    for bound in BUCKETS if durations else ():
        expected = sum(duration <= bound for duration in durations)
        assert sample(samples, "request_duration_seconds_bucket", route="/", le=str(bound)) == expected
    if durations:
        assert sample(samples, "request_duration_seconds_sum", route="/") == pytest.approx(sum(durations))


@given(st.text(), st.text())
def test_any_label_survives(name: str, outcome: str) -> None:
    """Quotes, backslashes and line breaks are escaped."""
    counted = Metrics(names=True)
    assert counted.reads is not None
    counted.reads.add(name, outcome)
    text = counted.render().decode(errors="surrogatepass")
    assert sample(samples_of(text), "reads_total", name=name, outcome=outcome) == 1


def names_of(lines: Iterable[str]) -> set[str]:
    """The metrics that lines of a rendering are about."""
    return {line.split()[2] for line in lines if line.startswith("# TYPE ")}


async def test_every_metric_is_documented(start: StartSidecar, static_settings: Settings) -> None:
    """And no other."""
    sidecar = await start(replace(static_settings, metrics_names=True))
    body: Any = (await ask(sidecar.health_port, "/metrics")).body
    documented = {line.split("`")[1] for line in OPERATING.splitlines() if line.startswith("| `secret_sidecar_")}
    assert names_of(body.decode().splitlines()) == documented - {"secret_sidecar_callers"}  # of shared mode
