"""Three HTTP/1.1 servers of the same application: ours, and uvicorn with each of its parsers, to compare."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from secret_sidecar import http_server
from secret_sidecar.api.guard import Guard

LIMITS = http_server.Limits(request=0.3, idle=5.0, linger=0.3, sweep=0.05)
LONGEST = 3.0
"""Seconds without a byte after which a server is taken to wait for more."""
_HEAD = re.compile(rb"HTTP/1\.1 ([0-9]{3}) [ -~]*\r\n((?:[!-9;-~]+: [\t -~]*\r\n)*)\r\n")
_ANSWER = re.compile(rb"HTTP/1\.1 [2-5]")
_LENGTH = re.compile(rb"^content-length: ([0-9]+)\r$", re.IGNORECASE | re.MULTILINE)

Serve = Callable[[socket.socket, asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Heard:
    """A request as an application received it, with insignificant spelling normalized."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Application:
    """Records the requests that it receives, by the client's port."""

    def __init__(self) -> None:
        self.heard: defaultdict[int, list[Heard]] = defaultdict(list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `ok`."""
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body, more = body + message["body"], message["more_body"]
        evened = ((n, v.rstrip(b" \t")) for n, v in scope["headers"])
        headers = tuple((n, v.lower() if n == b"transfer-encoding" else v) for n, v in evened)
        heard = Heard(scope["method"], scope["path"], scope["raw_path"], scope["query_string"], headers, body)
        self.heard[scope["client"][1]].append(heard)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


class Running:
    """A server that runs in a thread."""

    def __init__(self, port: int, application: Application, loop: asyncio.AbstractEventLoop) -> None:
        self._port = port
        self._application = application
        self._loop = loop

    def ask(self, parts: list[bytes], *, one_by_one: bool = False) -> tuple[list[Heard], bytes]:
        """Send the parts, one by one each after the last answer; return the requests received, and all that came back.

        All means until the server closed the connection, or was silent for too long.
        """
        data = b""
        with socket.create_connection(("127.0.0.1", self._port), timeout=LONGEST) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            me = connection.getsockname()[1]
            try:
                for number, part in enumerate(parts):
                    while one_by_one and len(_ANSWER.findall(data)) < number and (received := connection.recv(65536)):
                        data += received
                    connection.sendall(part)
                while received := connection.recv(65536):
                    data += received
            except (ConnectionError, TimeoutError):
                pass  # it closed while we were sending, or wants more
        asyncio.run_coroutine_threadsafe(_a_few_turns(), self._loop).result()
        return self._application.heard.pop(me, []), data


async def _a_few_turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@contextmanager
def _running(serve: Callable[[Application], Serve]) -> Iterator[Running]:
    application = Application()
    begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    started = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        async def main() -> None:
            begun.append((asyncio.get_running_loop(), asyncio.Event()))
            started.set()
            await serve(application)(listening, begun[0][1])

        thread = threading.Thread(target=uvloop.run, args=[main()])
        thread.start()
        started.wait()
        (loop, stop) = begun[0]
        try:
            yield Running(listening.getsockname()[1], application, loop)
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()


def ours(application: Application) -> Serve:
    """Serve with the server under test."""

    async def serve(listening: socket.socket, stop: asyncio.Event) -> None:
        server = http_server.Server(Guard(application), LIMITS)
        await server.start([listening])
        await stop.wait()
        await server.drain(1)

    return serve


def uvicorns(parser: str) -> Callable[[Application], Serve]:
    """Serve with uvicorn, for comparison."""

    def with_application(application: Application) -> Serve:
        async def serve(listening: socket.socket, stop: asyncio.Event) -> None:
            config = uvicorn.Config(
                Guard(application),
                interface="asgi3",
                http=parser,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                timeout_keep_alive=1,
            )
            config.load()
            server = uvicorn.Server(config)
            server.lifespan = config.lifespan_class(config)
            await server.startup([listening])
            await stop.wait()
            server.force_exit = True
            await server.shutdown([listening])

        return serve

    return with_application


@dataclass(frozen=True)
class Bench:
    """The three servers."""

    ours: Running
    httptools: Running
    h11: Running


@contextmanager
def all_three() -> Iterator[Bench]:
    """Serve with our server and with uvicorn on both parsers."""
    with ExitStack() as stack:
        servers = (ours, uvicorns("httptools"), uvicorns("h11"))
        yield Bench(*(stack.enter_context(_running(server)) for server in servers))


def statuses(data: bytes, heard: list[Heard]) -> list[int]:
    """Return the statuses of the answers, which must be all that there is; answers to HEAD have no body."""
    methods = iter([h.method for h in heard])
    found = []
    while data:
        head = _HEAD.match(data)
        assert head, f"no head of an answer: {data[:200]!r}"
        status = int(head[1])
        length = _LENGTH.search(head[2])
        data = data[head.end() :]
        if status >= 200:
            assert length, f"no length: {head[0]!r}"
            found.append(status)
            bodiless = next(methods) == "HEAD" if status == 200 else not data.startswith(b"{")
            size = 0 if bodiless else int(length[1])
            assert len(data) >= size
            data = data[size:]
    return found
