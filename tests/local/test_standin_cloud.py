"""What the stand-ins of all clouds share, with a cloud that is one dict."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from local.standins.cloud import Cloud
from local.standins.errors import Gone, Refused
from local.standins.kinds import Kind
from local.standins.protocol import UNKNOWN, Properties
from local.standins.rest import Rest
from local.standins.schema import Failure

TOKEN = "vault:identity/group:Group"
URN = f"urn:pulumi:only::inline::{TOKEN}::readers"
INPUTS: Properties = {"name": "readers", "type": "internal", "policies": ["a", "b"]}


class Group(Kind):
    """A group in the dict."""

    type_name = TOKEN
    replaces = ("namespace",)
    named = "name"
    defaults: ClassVar[Mapping[str, Any]] = {"namespace": "eu"}
    computed = ("id",)
    sets = ("policies",)
    none_when_empty = ("metadata",)
    not_read = ("externalPolicies",)
    refused: ClassVar[Mapping[str, str]] = {"memberEntityIds": "leave it out"}

    def create(self, inputs: Properties) -> str:
        self.api[inputs["name"]] = {
            key: value for key, value in inputs.items() if not key.startswith("__") and key not in self.not_read
        }
        return str(inputs["name"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        if identity not in self.api:
            raise Gone(identity)
        return dict(self.api[identity]), {"id": "g1"}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        try:
            del self.api[identity]
        except KeyError:
            raise Gone(identity) from None

    def faults(self, inputs: Properties) -> list[Failure]:
        return [Failure("type", "no such type")] if inputs.get("type") == "none" else []


class Dict(Cloud):
    """A cloud that is one dict; its only error is OverflowError."""

    package = "vault"
    settings = frozenset({"address"})
    kinds = (Group,)

    def configure_api(self, inputs: Properties) -> Properties:
        if inputs["address"] == "full":
            raise OverflowError
        return {}

    @contextmanager
    def errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except OverflowError:
            raise Refused("the dict is full") from None

    def functions(self, inputs: Properties) -> Mapping[str, Callable[[], Properties]]:
        return {"vault:index/size:size": lambda: {"size": len(self.api), **inputs}}


@pytest.fixture
def cloud() -> Dict:
    made = Dict()
    made.configure({"address": "here"})
    return made


def checked(cloud: Dict, inputs: Properties, old: Properties | None = None) -> Properties:
    found, failures = cloud.check(URN, old or {}, inputs, lambda: "0123456789abcdef")
    assert not failures
    return found


def made(cloud: Dict, **inputs: Any) -> tuple[str, Properties]:
    """A group's id, and its inputs as they were checked."""
    wanted = checked(cloud, {**INPUTS, **inputs})
    return cloud.create(URN, wanted, preview=False, timeout=0)[0], wanted


def test_defaults_and_names_are_filled_in_and_kept(cloud: Dict) -> None:
    """A name of chance is made once; which inputs were not the program's is noted."""
    first = checked(cloud, {"type": "internal", "metadata": {}})
    assert first == {
        "type": "internal",
        "namespace": "eu",
        "name": "readers-0123456",
        "__defaults": ["name", "namespace"],
    }
    assert cloud.check(URN, first, {"type": "x"}, lambda: "f" * 16)[0]["name"] == "readers-0123456"


def test_what_a_stand_in_does_not_do_is_refused_by_name(cloud: Dict) -> None:
    """A setting, a type, an input, a function: each with what there is instead."""
    (setting,) = cloud.check_config({"address": "here", "skipTlsVerify": True})
    assert setting.reason == "the vault stand-in does not do 'skipTlsVerify'; it knows address"
    with pytest.raises(
        Refused, match="the vault stand-in has no 'vault:index/policy:Policy'; it has vault:identity/group"
    ):
        cloud.check(URN.replace(TOKEN, "vault:index/policy:Policy"), {}, {"policy": ""}, lambda: "")
    with pytest.raises(Refused, match="has no resource type 'vault:index/polizy:Policy'; did you mean"):
        cloud.check(URN.replace(TOKEN, "vault:index/polizy:Policy"), {}, {"policy": ""}, lambda: "")
    _, failures = cloud.check(URN, {}, {"type": "none", "memberEntityIds": ["e"], "polices": []}, lambda: "0" * 8)
    assert [failure.path for failure in failures] == ["polices", "memberEntityIds", "type"]
    with pytest.raises(Refused, match="the vault stand-in has no function 'a:b:c'; it has vault:index/size:size"):
        cloud.invoke("a:b:c", {})
    assert cloud.invoke("vault:index/size:size", {}) == {"size": 0}


def test_a_preview_makes_nothing_and_knows_what_only_the_cloud_does_not_know_yet(cloud: Dict) -> None:
    """Outputs that are computed are unknown at first, and kept at the next preview."""
    identity, outputs = cloud.create(URN, checked(cloud, INPUTS), preview=True, timeout=0)
    assert (identity, outputs["id"], cloud.api) == ("", UNKNOWN, {})
    _, wanted = made(cloud)
    outputs = cloud.update(URN, "readers", wanted, {"id": "g1"}, preview=True, timeout=0)
    assert outputs == {**INPUTS, "namespace": "eu", "id": "g1"}


def test_drift_is_found_and_spelling_is_none(cloud: Dict) -> None:
    """A list in another order is the same; one more member is not, and an update repairs it."""
    identity, wanted = made(cloud, externalPolicies=True)
    cloud.api["readers"]["policies"] = ["b", "a"]
    live = cloud.read(URN, identity, wanted, {})
    assert live is not None
    assert live.inputs == wanted
    cloud.api["readers"]["policies"] = ["a", "b", "root"]
    live = cloud.read(URN, identity, wanted, {})
    assert live is not None
    assert live.inputs["policies"] == ["a", "b", "root"]
    assert [*cloud.diff(URN, live.inputs, wanted).diffs] == ["policies"]
    cloud.update(URN, identity, wanted, live.outputs, preview=False, timeout=0)
    assert cloud.api["readers"]["policies"] == ["a", "b"]


def test_what_is_gone_is_forgotten_and_deleting_it_is_done(cloud: Dict) -> None:
    identity, wanted = made(cloud)
    cloud.delete(URN, identity, wanted, {}, timeout=0)
    assert cloud.read(URN, identity, wanted, {}) is None
    cloud.delete(URN, identity, wanted, {}, timeout=0)
    with pytest.raises(Refused, match="readers"):
        cloud.update(URN, identity, wanted, {}, preview=False, timeout=0)


def test_a_replacement_under_the_same_name_deletes_first(cloud: Dict) -> None:
    """One with a name of chance gets another, so both can be there for a while."""
    given = checked(cloud, INPUTS)
    answer = cloud.diff(URN, given, {**given, "namespace": "other"})
    assert ([*answer.replaces], answer.deleteBeforeReplace) == (["namespace"], True)
    chance = checked(cloud, {"type": "internal"})
    assert not cloud.diff(URN, chance, {**chance, "namespace": "other"}).deleteBeforeReplace


def test_an_api_s_own_errors_come_in_words() -> None:
    with pytest.raises(Refused, match="the dict is full"):
        Dict().configure({"address": "full"})


class Answers(BaseHTTPRequestHandler):
    """Answers as the path says: ``/STATUS/BODY``."""

    def do_GET(self) -> None:
        """Answer."""
        _, status, body = self.path.split("/", 2)
        self.send_response(int(status))
        self.send_header("Location", "/200/{}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: Any) -> None:
        """Be silent."""


@pytest.fixture
def rest() -> Iterator[Rest]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Rest(f"http://127.0.0.1:{server.server_port}/", {"X-Token": "never-told"})
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ('/403/{"error":{"code":"Forbidden","message":"no"}}', "403 Forbidden: no"),
        ('/409/{"error":{"code":409,"message":"etag"}}', "409 409: etag"),
        ('/400/{"errors":["bad","worse"]}', "400 bad; worse"),
        ('/500/{"errors":[]}', "500 no reason given"),
        ("/502/upstream", "502 upstream"),
        ("/307/", "307 no reason given"),
    ],
)
def test_a_refusal_of_a_rest_api_is_one_line(rest: Rest, path: str, words: str) -> None:
    """Of whichever cloud; what the request carried is not in it."""
    with pytest.raises(Refused) as refused:
        rest.get(path)
    assert str(refused.value) == f"GET {path}: {words}"
    assert not isinstance(refused.value, Gone)


def test_a_rest_api_that_has_no_such_thing_or_is_not_there(rest: Rest) -> None:
    assert rest.get("/200/{}") == {}
    assert rest.get("/200/") is None
    with pytest.raises(Gone, match="404 nothing"):
        rest.get("/404/nothing")
    with pytest.raises(Refused, match=r"GET http://127.0.0.1:1/x: .*refused"):
        Rest("http://127.0.0.1:1", {}).get("/x")
