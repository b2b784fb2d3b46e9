"""The program in the pod: it asks, and prints no value."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from secret_access.probe import job
from secret_access.probe.answers import read
from secret_access.probe.matrix import REFUSED, Question, judge
from tests.infra.probe.pods import DENIED, VALUE


@contextmanager
def sidecar(*answers: tuple[int, str, str]) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Answers in their order, the last one again and again: status, media type and body. What was asked, too."""
    left, seen = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers.get("If-None-Match")))
            status, media_type, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def printed(url: str, *names: str, seconds: str = "20") -> str:
    """As the container runs it."""
    command = [sys.executable, *job.INTERPRETER[1:], job.program(), url, seconds, *names]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout


PROBLEM = "application/problem+json"


def problem(status: int, **more: str) -> tuple[int, str, str]:
    return status, PROBLEM, json.dumps({**DENIED, "status": status, "value": VALUE, **more})


def test_it_asks_so_that_no_value_comes_and_prints_what_was_answered() -> None:
    """A 304 is a secret that could be read; the refusal's code, identity and request are the cloud's."""
    with sidecar((304, "text/plain", ""), problem(403)) as (url, seen):
        log = printed(url, "test/a", "exact:Old Key%2F")
    answers = read("pod", log)
    assert seen == [("/v1/secrets/test/a", "*"), ("/v1/secrets/exact%3AOld%20Key%252F", "*")]
    assert answers.by_name["test/a"].status == 200
    assert judge(Question("aws", "test", "x", REFUSED), answers.by_name["exact:Old Key%2F"]).right
    assert answers.asked_at.endswith("Z")


def test_no_value_is_ever_printed() -> None:
    """Whatever the sidecar answers with it: the secret, a problem document, a page, half of JSON."""
    body = json.dumps({"name": "a", "value": VALUE, "detail": VALUE})
    for answer in ((200, "application/json", body), problem(404), (404, "text/html", VALUE), (404, PROBLEM, body[:-1])):
        with sidecar(answer) as (url, _):
            log = printed(url, "a", seconds="1")
        assert VALUE not in log
        assert json.loads(log)["name"] == "a"


def test_a_secret_that_was_served_is_read_though_it_came_with_its_value() -> None:
    """A breach is one, whatever the sidecar's version does with If-None-Match."""
    with sidecar((200, "application/json", VALUE)) as (url, _):
        assert read("pod", printed(url, "a")).by_name["a"].status == 200


def test_what_may_pass_is_asked_again_within_the_time() -> None:
    """A role that was just made; all other names are answered meanwhile."""
    with sidecar(problem(503), problem(403), (304, "", "")) as (url, seen):
        answers = read("pod", printed(url, "a", "b"))
    assert [path for path, _ in seen] == ["/v1/secrets/a", "/v1/secrets/b", "/v1/secrets/a"]
    assert {name: answer.status for name, answer in answers.by_name.items()} == {"a": 200, "b": 403}


def test_what_does_not_pass_is_printed_at_last() -> None:
    """With the status that it has, and no answer as none."""
    with sidecar(problem(503)) as (url, _):
        assert read("pod", printed(url, "a", seconds="0.5")).by_name["a"].status == 503
    answer = read("pod", printed(url, "a", seconds="0.5")).by_name["a"]
    assert (answer.status, answer.detail) == (None, "no answer of the sidecar: ConnectionRefusedError")
