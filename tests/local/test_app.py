"""The application: what it makes of each answer of the sidecar, and how it asks."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from local.app import ask
from local.app.__main__ import main
from local.app.client import NoAnswerError, get_secret

DENIED = {"title": "denied", "status": 403, "identity": "arn:aws:iam::111122223333:role/test"}
SECRET = {"name": "test/database-password", "value": "correct horse", "version": "1"}


@dataclass
class Sidecar:
    """A server that gives one answer and remembers what was asked."""

    status: int = 200
    media_type: str = "application/json"
    body: str = json.dumps(SECRET)
    asked: list[str] = field(default_factory=list)

    def refuse(self) -> None:
        """Answer as the sidecar does when the cloud said no."""
        self.status, self.media_type, self.body = 403, "application/problem+json", json.dumps(DENIED)


@pytest.fixture
def sidecar(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sidecar]:
    """A sidecar at SECRETS_URL."""
    given = Sidecar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.asked.append(self.path)
            self.send_response(given.status)
            self.send_header("Content-Type", given.media_type)
            self.end_headers()
            self.wfile.write(given.body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the overridden method's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("SECRETS_URL", f"http://127.0.0.1:{server.server_port}")
        yield given
        server.shutdown()


def test_a_secret_is_its_value(sidecar: Sidecar) -> None:
    """200 gives the value; the name's slashes stay as they are in the path."""
    assert get_secret("test/database-password") == "correct horse"
    assert sidecar.asked == ["/v1/secrets/test/database-password"]


def test_what_follows_a_question_mark_is_the_query(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    """No name has one, so `ask` takes it as curl would."""
    assert ask.main(["test/database password?key=user&stage=AWSPREVIOUS"]) == 0
    assert sidecar.asked == ["/v1/secrets/test/database%20password?key=user&stage=AWSPREVIOUS"]
    assert json.loads(capsys.readouterr().out)["status"] == 200


def test_a_refusal_is_a_permission_error(sidecar: Sidecar) -> None:
    """403 is the cloud's decision, and names the secret."""
    sidecar.refuse()
    with pytest.raises(PermissionError, match="IAM policy denies access to prod/database-password"):
        get_secret("prod/database-password")


@pytest.fixture
def signals() -> Iterator[None]:
    """The process's blocked signals, put back afterwards."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@pytest.mark.parametrize("status", [404, 429, 502, 503])
def test_anything_else_is_a_runtime_error(sidecar: Sidecar, status: int) -> None:
    """The message has the status."""
    sidecar.status = status
    with pytest.raises(RuntimeError, match=f"failed to fetch secret database-password: {status}"):
        get_secret("database-password")


def test_no_proxy_comes_between(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not asked for what is in the same pod."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert get_secret("test/database-password") == "correct horse"


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://localhost", "http://"])
def test_a_wrong_address_is_named(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The message shows the value given and the form expected."""
    monkeypatch.setenv("SECRETS_URL", url)
    with pytest.raises(NoAnswerError, match=f"SECRETS_URL is '{url}', expected a URL such as http://localhost:8080"):
        get_secret("database-password")


def test_ask_prints_one_line_for_each_name(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal is an answer: the exit code stays 0."""
    sidecar.refuse()
    assert ask.main(["prod/database-password", "prod/api-key"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"status": 403, "content_type": "application/problem+json", "body": DENIED}] * 2


def test_ask_shows_what_is_not_json_as_text(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever answered, its words are not lost."""
    sidecar.status, sidecar.media_type, sidecar.body = 502, "text/html; charset=utf-8", "<p>bad gateway</p>"
    assert ask.main(["database-password"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line == {"status": 502, "content_type": "text/html", "body": "<p>bad gateway</p>"}


def test_ask_verbose_shows_the_exchange(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    """Request, status, headers and body, as curl -v has them."""
    sidecar.refuse()
    assert ask.main(["-v", "prod/database-password"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[:3] == ["> GET /v1/secrets/prod/database-password HTTP/1.1", ">", "< HTTP/1.1 403 Forbidden"]
    assert "< Content-Type: application/problem+json" in shown
    assert '  "identity": "arn:aws:iam::111122223333:role/test"' in shown


def test_ask_fails_only_without_an_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing listens: exit code 1, and why on standard error."""
    monkeypatch.setenv("SECRETS_URL", "http://127.0.0.1:1")
    assert ask.main(["database-password"]) == 1
    assert capsys.readouterr().err.startswith("ask: no answer from SECRETS_URL http://127.0.0.1:1: ")


@pytest.mark.usefixtures("signals")
def test_the_application_ends_where_a_secret_is_refused(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    """What it was told to read and may not keeps it from coming up, and the log says why."""
    sidecar.refuse()
    assert main(["prod/database-password"]) == 1
    assert capsys.readouterr().err == "app: IAM policy denies access to prod/database-password\n"
