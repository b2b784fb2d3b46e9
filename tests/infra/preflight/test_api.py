"""Calls of a cloud's API: a token goes to the address that was given and into no message."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from secret_access.preflight.api import Api, NotAnswered, Refused
from tests.fakes.server import Reply, Request, Server
from tests.free_port import free_port
from tests.infra.preflight.served import served

TOKEN = "s.hunter2"


@contextmanager
def api_of(answer: Callable[[Request], Reply]) -> Iterator[Api]:
    """An API that answers so."""
    with served(server := Server(answer)):
        yield Api(server.url, {"X-Vault-Token": TOKEN})


def test_a_redirect_takes_the_token_nowhere() -> None:
    """It is an error that names the place."""
    asked: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(request.path)
        return Reply({}, 307, {"Location": "/elsewhere"})

    with api_of(answer) as api, pytest.raises(Refused, match="307 to /elsewhere") as raised:
        api.get("/v1/a")
    assert asked == ["/v1/a"]
    assert raised.value.status == 307


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"errors": ["permission denied"]}, "permission denied"),
        ({"errors": []}, "x"),
        ({"error": {"code": 403, "message": "Permission 'a' denied"}}, "Permission 'a' denied"),
        ({"error": "no"}, "x"),
        (["no"], "x"),
    ],
)
def test_a_refusal_has_the_apis_own_words(document: object, said: str) -> None:
    """As Vault, Google and Azure spell them; never the query."""
    with api_of(lambda _: Reply(document, 403)) as api, pytest.raises(Refused) as raised:
        api.get("/v1/a", filter="b")
    assert str(raised.value) == f"GET {api.address}/v1/a: 403 {said}"
    assert raised.value.status == 403


def test_pages_are_one_list() -> None:
    """Google names the next by a token, beside the same query."""
    pages = {"": {"items": [1], "nextPageToken": "b"}, "b": {"nextPageToken": "c"}, "c": {"items": [2, 3]}}
    asked: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(request.query["filter"])
        return Reply(pages[request.query.get("pageToken", "")])

    with api_of(answer) as api:
        assert api.all("/a", "items", filter="x") == [1, 2, 3]
    assert asked == ["x", "x", "x"]


def test_the_token_goes_to_no_page_elsewhere() -> None:
    """Azure names the next by its address."""
    link: list[str] = []

    def answer(request: Request) -> Reply:
        return Reply({"value": [request.path], **({"nextLink": link.pop()} if link else {})})

    with api_of(answer) as api:
        link.append(f"{api.address}/b?$skiptoken=1")
        assert api.all("/a", "value") == ["/a", "/b"]
        for elsewhere in ("http://elsewhere.example/b", f"{api.address}0/b", f"{api.address}@elsewhere.example/b"):
            link.append(elsewhere)
            with pytest.raises(NotAnswered, match="the next page is elsewhere"):
                api.all("/a", "value")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"a"'])
def test_an_answer_that_is_no_object_is_none(body: bytes) -> None:
    """Such as a proxy's page."""
    with api_of(lambda _: Reply(body)) as api, pytest.raises(NotAnswered):
        api.get("/a")


def test_no_message_has_the_token() -> None:
    """Neither where nobody answers, nor where the header cannot be sent, whose error quotes it."""
    for headers in ({"X-Vault-Token": TOKEN}, {"X-Vault-Token": f"{TOKEN}\r\n"}):
        api = Api(f"http://127.0.0.1:{free_port()}", headers)
        with pytest.raises(NotAnswered) as raised:
            api.get("/a")
        assert TOKEN not in f"{raised.value}{api!r}"
