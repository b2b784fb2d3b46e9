"""A git server on the loopback: git's own, behind HTTPS, the one scheme by which Pulumi fetches a package.

On HTTPS' own port, at an address of its own: Pulumi names a plugin's folder by its address, and then does not find one
whose name has the colon of a port.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from local import pki


@contextmanager
def serving(repositories: Path, authority: pki.Authority) -> Iterator[str]:
    """Serve the bare repositories below a folder; the address, for a client that trusts the authority."""
    address = ".".join(map(str, (127, *(byte % 250 + 1 for byte in os.urandom(3)))))
    certificate = authority.server("git", addresses=[address], hosts=[], common_name="git")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    server = ThreadingHTTPServer((address, 443), _handler(repositories))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://{address}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(repositories: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Hands each request to git's own CGI program (https://git-scm.com/docs/git-http-backend)."""

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            variables = {
                "GIT_PROJECT_ROOT": str(repositories),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            }
            answered = subprocess.run(
                ["git", "http-backend"], input=body, env={**os.environ, **variables}, stdout=subprocess.PIPE, check=True
            ).stdout
            head, _, content = answered.partition(b"\r\n\r\n")
            headers = BytesHeaderParser().parsebytes(head)
            self.send_response(int(headers.get("Status", "200").split()[0]))
            for name, value in headers.items():
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 (http.server's name)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
            """Say nothing."""

    return Handler
