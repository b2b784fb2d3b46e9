"""A small HTTP/1.1 server for one ASGI application (RFC 9112; https://asgi.readthedocs.io/en/latest/specs/www.html).

httptools (llhttp, strict) parses. This package adds what a parser does not do: limits, deadlines, one answer after the
other, back-pressure, a bound on the memory of all connections together, and an end that finishes what is in flight. It
refuses what nobody who asks for a secret sends: versions other than 1.0 and 1.1, CONNECT, transfer codings other than
chunked.

server.py      accepts, counts, sweeps, ends the slowest, drains
connection.py  one connection: requests in, answers out, in order
reader.py      bytes to requests
phase.py       where a connection is, and what it waits for
exchange.py    one request and its answer, as the application sees them
refusal.py     the last answer to bytes that are no request, or too many
date.py        the Date header
limits.py      how much of everything
"""

from secret_sidecar.http_server.limits import Limits
from secret_sidecar.http_server.server import Server

__all__ = ["Limits", "Server"]
