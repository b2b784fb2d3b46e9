"""A TCP connection to whichever of a host's addresses takes one first.

Source: RFC 8305 (Happy Eyeballs), sections 4 to 6, whose order is getaddrinfo(3)'s.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import chain, zip_longest
from typing import Any, TypeVar

ATTEMPT_DELAY = 0.25
"""Seconds after which the next address is tried beside those that have not answered yet (RFC 8305 section 5)."""

Address = tuple[Any, ...]
"""A socket's address as the socket module has it: host and port first."""

P = TypeVar("P", bound=asyncio.BaseProtocol)


async def dial(host: str, port: int, later: Callable[[Address], bool] | None = None) -> socket.socket:
    """Return a socket that is connected to a host, or raise OSError with what went wrong at its last address.

    Addresses for which `later` holds are tried after all others.
    """
    addresses = _in_turns(await resolve(host, port))
    if later is not None:
        addresses.sort(key=lambda one: later(one[1]))
    return await (_connect(*addresses[0]) if len(addresses) == 1 else _race(deque(addresses)))


async def resolve(host: str, port: int) -> list[tuple[int, Address]]:
    """Return a host's addresses and their families, the one to be tried first at the beginning."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


async def connect(
    dialled: socket.socket,
    protocol_factory: Callable[[], P],
    tls: ssl.SSLContext | None = None,
    name: str | None = None,
) -> P:
    """Return a protocol over a socket that is connected, and with TLS once the peer is known to have that name."""
    loop = asyncio.get_running_loop()
    made = await loop.create_connection(protocol_factory, sock=dialled, ssl=tls, server_hostname=name if tls else None)
    return made[1]


def _in_turns(found: list[tuple[int, Address]]) -> list[tuple[int, Address]]:
    """Return addresses in the order that they were found in, but the families by turns."""
    first = [one for one in found if one[0] == found[0][0]]
    others = [one for one in found if one[0] != found[0][0]]
    return [one for one in chain.from_iterable(zip_longest(first, others)) if one is not None]


async def _race(addresses: deque[tuple[int, Address]]) -> socket.socket:
    """Try the next address when one has failed or the delay is over; return the first that is connected."""
    attempts: set[asyncio.Task[socket.socket]] = set()
    failure: BaseException | None = None
    try:
        while addresses or attempts:
            if addresses:
                attempts.add(asyncio.create_task(_connect(*addresses.popleft())))
            timeout = ATTEMPT_DELAY if addresses else None
            done, _ = await asyncio.wait(attempts, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            for attempt in done:
                attempts.remove(attempt)
                failure = attempt.exception()
                if failure is None:
                    return attempt.result()
        assert failure is not None  # noqa: S101
        raise failure
    finally:
        for attempt in attempts:
            attempt.cancel()
            attempt.add_done_callback(_let_go)
        del failure  # its traceback has this frame: together they would stay until garbage is searched for


async def _connect(family: int, address: Address) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, address)
    except OSError as error:
        made.close()
        raise (OSError(error.errno, os.strerror(error.errno)) if error.errno else error) from None
    except BaseException:
        made.close()
        raise
    return made


def _let_go(attempt: asyncio.Task[socket.socket]) -> None:
    """Close what was connected when another address had been faster."""
    with suppress(asyncio.CancelledError, OSError):
        attempt.result().close()
