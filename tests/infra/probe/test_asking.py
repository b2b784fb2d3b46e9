"""The program in the pod: it asks, and prints no value."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from secret_access.probe import asking, job
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


def printed(url: str, *names: str, seconds: str = "20", own: int = 0) -> str:
    """As the container runs it, for one place."""
    return ran(url, seconds, asking.AT, json.dumps({"place": HERE, "own": own}), *names)


def ran(*arguments: str, **env: str) -> str:
    command = [sys.executable, *job.INTERPRETER[1:], job.program(), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **env})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


HERE = "aws eu-west-1"
PROBLEM = "application/problem+json"


def problem(status: int, **more: str) -> tuple[int, str, str]:
    return status, PROBLEM, json.dumps({**DENIED, "status": status, "value": VALUE, **more})


def test_it_asks_so_that_no_value_comes_and_prints_what_was_answered() -> None:
    """A 304 is a secret that could be read; the refusal's code, identity and request are the cloud's."""
    with sidecar((304, "text/plain", ""), problem(403)) as (url, seen):
        log = printed(url, "test/a", "exact:Old Key%2F")
    answers = read("pod", log)
    assert seen == [("/v1/secrets/test/a", "*"), ("/v1/secrets/exact%3AOld%20Key%252F", "*")]
    assert answers.to[HERE, "test/a"].status == 200
    assert judge(Question("aws", "test", "x", REFUSED), answers.to[HERE, "exact:Old Key%2F"]).right
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
        assert read("pod", printed(url, "a")).to[HERE, "a"].status == 200


def test_what_may_pass_is_asked_again_within_the_time() -> None:
    """A role that was just made; all other names are answered meanwhile."""
    with sidecar(problem(503), problem(403), (304, "", "")) as (url, seen):
        answers = read("pod", printed(url, "a", "b"))
    assert [path for path, _ in seen] == ["/v1/secrets/a", "/v1/secrets/b", "/v1/secrets/a"]
    assert {name: answer.status for (_, name), answer in answers.to.items()} == {"a": 200, "b": 403}


def test_what_does_not_pass_is_printed_at_last() -> None:
    """With the status that it has, and no answer as none."""
    with sidecar(problem(503)) as (url, _):
        assert read("pod", printed(url, "a", seconds="0.5")).to[HERE, "a"].status == 503
    answer = read("pod", printed(url, "a", seconds="0.5")).to[HERE, "a"]
    assert (answer.status, answer.detail) == (None, "no answer of the sidecar: ConnectionRefusedError")


def test_own_secrets_are_read_before_others_are_asked_for() -> None:
    """Where nothing is allowed yet, as after a first deploy, a refusal of another's secret proves nothing."""
    with sidecar(problem(403), (304, "", ""), problem(403)) as (url, seen):
        answers = read("pod", printed(url, "own", "other", own=1))
    assert [path for path, _ in seen] == ["/v1/secrets/own", "/v1/secrets/own", "/v1/secrets/other"]
    assert [answer.status for answer in answers.to.values()] == [200, 403]


def test_a_refused_owner_is_said_and_the_others_are_asked_for_all_the_same() -> None:
    """A breach shows though the own secret cannot be read."""
    with sidecar(problem(403)) as (url, _):
        answers = read("pod", printed(url, "own", "other", own=1, seconds="2"))
    assert [answer.status for answer in answers.to.values()] == [403, 403]


class Vault(BaseHTTPRequestHandler):
    """A Vault that lets everybody read the mount `theirs`, and nothing else."""

    def do_GET(self) -> None:
        is_read = self.path.startswith("/v1/theirs/data/")
        said = {"data": {"data": {"value": VALUE}, "metadata": {"version": 1}}}
        refused = {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        body = json.dumps(said if is_read else refused).encode()
        self.send_response(200 if is_read else 403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def at(place: str, **settings: str | None) -> list[str]:
    return [asking.AT, json.dumps({"place": place, "own": 0, "settings": settings})]


def test_what_is_elsewhere_is_asked_of_a_sidecar_that_is_started_for_it() -> None:
    """The image's own, with the pod's identity and that place's settings, one after another; none is left."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Vault) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            log = ran(
                "http://localhost:1",
                "30",
                *at("their place", SECRETS_VAULT_MOUNT="theirs"),
                "prod/a",
                *at("third place", SECRETS_VAULT_MOUNT="third"),
                "prod/a",
                *at("no place", SECRETS_VAULT_MOUNT="//", VAULT_NAMESPACE=None),
                "prod/a",
                SECRETS_BACKEND="vault",
                SECRETS_VAULT_MOUNT="own",
                VAULT_ADDR=f"http://127.0.0.1:{server.server_port}",
                VAULT_NAMESPACE="n",
                VAULT_TOKEN="token",
            )
        finally:
            server.shutdown()
    assert VALUE not in log
    answers = read("pod", log)
    assert answers.to["their place", "prod/a"].status == 200
    assert judge(Question("vault", "test", "prod/a", REFUSED), answers.to["third place", "prod/a"]).right
    assert answers.to["no place", "prod/a"].detail == "no sidecar starts with the settings of this place"
    assert len(log.splitlines()) == 3


def test_a_further_place_has_a_limit_of_its_own() -> None:
    """So many Key Vaults that one pod takes long for, and one that hangs does not take the time of all."""
    assert [asking.limit(60, count) for count in (0, 1, 2, 200)] == [60, 60, 70, 2050]
