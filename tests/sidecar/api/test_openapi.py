"""The description says what the sidecar answers: a fuzzer asks for that, and for more, and holds it to it."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import hypothesis
import jsonschema_rs
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from secret_sidecar import problems
from secret_sidecar.api.openapi import document
from secret_sidecar.api.schemas import SCHEMAS
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws, Reply
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask
from tests.sidecar.support.streams import Stream

EXAMPLES = 40
UNFIT = [
    not_a_server_error,  # it takes every 5xx for one; a 500 alone is a defect
    positive_data_acceptance,  # vaults take less than the description can say
]
FAULTS = itertools.cycle([
    *[None] * 12,
    fake_aws.error("AccessDeniedException"),
    fake_aws.error("NobodyKnowsException"),
    fake_aws.error("InvalidRequestException"),
    fake_aws.error("LimitExceededException"),
    fake_aws.error("ExpiredTokenException"),
    Reply(200, b"<html>", "text/html"),
    *[fake_aws.error("ThrottlingException")] * 4,
    *[fake_aws.error("InternalServiceError")] * 4,
])  # fmt: skip


@dataclass
class Running:
    """A sidecar that may write, and its vault, in a thread of their own."""

    url: str
    aws: FakeAws
    port: int


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Start it, and stop it with the module."""
    started: list[Running] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            aws = await stack.enter_async_context(FakeAws(secrets={"test/database": "{}", "prod/x": "x"}))
            vault = AwsSettings(
                region=fake_aws.REGION,
                access_key_id=fake_aws.STATIC_KEY,
                secret_access_key=fake_aws.STATIC_SECRET,
                endpoint_url=Origin.parse(aws.url),
            )
            settings = Settings(
                backend="aws",
                prefix="test/",
                names=("test/database",),
                port=0,
                health_port=0,
                access="read_write",
                events_interval=0.01,
                vault=vault,
            )
            sidecar = await stack.enter_async_context(Sidecar(settings))
            await sidecar.readiness.wait()
            started.append(Running(f"http://127.0.0.1:{sidecar.port}", aws, sidecar.port))
            ready.set()
            await stop.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
        thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
        thread.start()
        ready.wait()
        yield started[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def description() -> Any:
    """The whole description, as the fuzzer has it; of a stream it reads two events."""
    config = SchemathesisConfig()
    config.projects.default.max_stream_events = 2
    rejected = config.projects.default.checks.negative_data_rejection
    rejected.expected_statuses = [*rejected.expected_statuses, "413", "414", "431"]
    config.projects.default.generation = GenerationConfig(with_security_parameters=False)
    return schemathesis.openapi.from_dict(document(writable=True), config=config)


@description().parametrize()  # type: ignore[untyped-decorator]
@hypothesis.settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
)
def test_every_answer_is_as_described(case: Any, running: Running) -> None:
    """Status, headers, type and content of every answer, to what the description allows and to what it does not."""
    if (fault := next(FAULTS)) is not None:
        running.aws.faults.append(fault)
    answer = case.call_and_validate(running.url, excluded_checks=UNFIT)
    assert answer.status_code != 500


PATH = "/v1/secrets/{name}"
GOOD: list[tuple[str, str, dict[str, Any], int]] = [
    (PATH, "POST", {"path_parameters": {"name": "new"}, "body": {"value": '{"a": 1}'}}, 201),
    (PATH, "PUT", {"path_parameters": {"name": "new"}, "body": {"value": '{"a": 2}', "encoding": None}}, 200),
    (PATH, "GET", {"path_parameters": {"name": "new"}, "query": {"key": "a", "stage": "AWSPREVIOUS"}}, 200),
    (PATH, "HEAD", {"path_parameters": {"name": "new"}, "headers": {"If-None-Match": "*"}}, 304),
    (PATH, "PUT", {"path_parameters": {"name": "new"}, "body": {"value": "AA==", "encoding": "base64"}}, 200),
    (PATH, "GET", {"path_parameters": {"name": "test/new"}}, 200),
    (PATH, "DELETE", {"path_parameters": {"name": "new"}}, 204),
    ("/v1/secrets", "GET", {}, 200),
    ("/v1/secrets:batchGet", "POST", {"body": {"names": ["database", "new", {"name": "x", "key": "y"}, " "]}}, 200),
    ("/v1/events", "GET", {"query": {"names": "database,new"}, "headers": {"Last-Event-ID": "a.b"}}, 200),
    ("/openapi.json", "GET", {}, 200),
]


@pytest.mark.parametrize(("path", "method", "parts", "status"), GOOD, ids=lambda part: str(part)[:40])
def test_what_succeeds_is_as_described(
    path: str, method: str, parts: dict[str, Any], status: int, running: Running
) -> None:
    """Each operation, for the fuzzer may ask for nothing that is there."""
    running.aws.faults.clear()
    media_type = {"media_type": "application/json"} if "body" in parts else {}
    case = description()[path][method].Case(**parts, **media_type)
    assert case.call_and_validate(running.url, excluded_checks=UNFIT).status_code == status


def test_every_kind_of_problem_is_described() -> None:
    """Somewhere, and with its status."""
    described = {
        (int(status), slug)
        for path in document(writable=True)["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
        for status, answer in operation["responses"].items()
        for part in answer.get("content", {}).get(problems.MEDIA_TYPE, {}).get("schema", {}).get("allOf", [])
        for slug in part.get("properties", {}).get("type", {}).get("enum", [])
        if slug != "about:blank"
    }
    kinds = (*problems.KINDS.values(), problems.INTERNAL_ERROR)
    assert described == {(kind.status, f"{problems.TYPES}{kind.slug}") for kind in kinds}


def test_writes_are_described_where_they_are_granted() -> None:
    """A reader's description has none."""
    methods = {"get", "head", "parameters"}
    assert set(document(writable=False)["paths"]["/v1/secrets/{name}"]) == methods
    assert set(document(writable=True)["paths"]["/v1/secrets/{name}"]) == methods | {"post", "put", "delete"}


def test_every_reference_leads_somewhere() -> None:
    """And every schema is one."""
    whole = document(writable=True)
    schemas = whole["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(whole)))
    assert references | {"VersionEvent"} == set(schemas)
    for schema in schemas.values():
        jsonschema_rs.meta.validate(schema)


@pytest.mark.anyio
async def test_events_have_the_data_that_is_described(running: Running) -> None:
    """A version's, and a problem's."""
    running.aws.faults.clear()
    async with Stream(running.port, "/v1/events?names=database,prod/x") as stream:
        seen = set()
        for _ in range(2):
            event = await stream.event()
            seen.add(event.event)
            name = {"version": "VersionEvent", "problem": "Problem"}[event.event]
            whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
            jsonschema_rs.validate(whole, event.data)
    assert seen == {"version", "problem"}


@pytest.mark.anyio
async def test_the_sidecar_gives_its_description(running: Running, start: StartSidecar, static_settings: Any) -> None:
    """As it is: a reader without writes."""
    got = await ask(running.port, "/openapi.json")
    assert (got.json, got.headers["content-type"]) == (document(writable=True), "application/json")
    reader = await start(static_settings)
    assert (await ask(reader.port, "/openapi.json")).json == document(writable=False)
    assert (await ask(reader.port, "/openapi.json?x")).status == 400
