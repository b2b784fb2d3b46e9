"""A small HTTP/1.1 server for one ASGI application (RFC 9112; https://asgi.readthedocs.io/en/latest/specs/www.html).

httptools (llhttp, strict) parses. What this package adds is what a parser does not do: limits, deadlines, one answer
after the other, back-pressure, and an end that finishes what is in flight. Everything is refused that nobody who asks
for a secret sends: other versions than 1.0 and 1.1, targets that are no path, other transfer codings than chunked.

server.py      listens, counts, sweeps, drains
connection.py  bytes to requests, one connection
exchange.py    one request and its answer, as the application sees them
limits.py      how much of everything
"""

from secret_sidecar.http_server.limits import Limits
from secret_sidecar.http_server.server import Server

__all__ = ["Limits", "Server"]
