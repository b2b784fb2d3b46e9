"""A small HTTPS server whose answers and certificate a test changes while it runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Thread
from typing import Any

from local.pki import Certificate

Object = dict[str, Any]


@dataclass
class Answers:
    """What the server says."""

    certificate: Certificate
    documents: dict[str, Object | int] = field(default_factory=dict)
    """By path: a document, or the status of a failure."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of every answer, in the place of those that it has else."""
    posted: Callable[[Object], Object] | None = None
    """What a POST is answered with."""


@contextmanager
def https_server(answers: Answers, port: int) -> Iterator[None]:
    """Serve on a port of the loopback; each connection has the certificate of the moment."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.documents.get(self.path, 404)
            self.say(found, {}) if isinstance(found, int) else self.say(200, found)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert answers.posted
            self.say(200, answers.posted(body))

        def say(self, status: int, document: Object) -> None:
            sent = json.dumps(document).encode()
            self.send_response_only(status)
            for name, value in ({"Date": self.date_time_string()} | answers.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def setup(self) -> None:
            context = SSLContext(PROTOCOL_TLS_SERVER)
            context.load_cert_chain(answers.certificate.cert, answers.certificate.key)
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — http.server's name
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that does not trust the certificate ends the handshake

    with Server(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()
