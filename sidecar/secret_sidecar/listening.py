"""The sockets that the sidecar listens on: loopback for the API, every address for health and the shared mode."""

from __future__ import annotations

import errno
import socket
from contextlib import AsyncExitStack

from secret_sidecar.errors import SettingsError

RECEIVED, SENT = 32 << 10, 128 << 10
"""Bytes that the kernel keeps of what came and of what is to go, for each connection; it allows itself twice as many.

By itself it would keep megabytes for each caller that does not read, which count as the container's memory, and TLS
would be given as much at once as came. With less to send than this, large answers wait for acknowledgements."""
_NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
"""A kernel without IPv6, or a network without the address. All else is an error: another process that has the port on
[::1] would get the tokens of those callers who resolve localhost to it."""


def on_loopback(port: int, variable: str, stack: AsyncExitStack) -> list[socket.socket]:
    """Listen on 127.0.0.1 and, where there is one, on ::1: some clients resolve localhost to the latter alone."""
    first = _listen(socket.AF_INET, "127.0.0.1", port, variable, stack)
    second = _listen_on_ipv6("::1", port_of([first]), variable, stack)
    return [first] if second is None else [first, second]


def on_every_address(port: int, variable: str, stack: AsyncExitStack) -> list[socket.socket]:
    """Listen on every address of the pod, of either family where there are both."""
    found = _listen_on_ipv6("::", port, variable, stack)
    # Health holds no secret, and the API is here with TLS and tokens alone.
    return [found or _listen(socket.AF_INET, "0.0.0.0", port, variable, stack)]  # noqa: S104 — as above


def port_of(sockets: list[socket.socket]) -> int:
    """Return the port that they share."""
    port: int = sockets[0].getsockname()[1]
    return port


def _listen_on_ipv6(host: str, port: int, variable: str, stack: AsyncExitStack) -> socket.socket | None:
    """Listen, or return None where there is no IPv6."""
    if not socket.has_ipv6:
        return None
    try:
        return _bound(socket.AF_INET6, host, port, stack)
    except OSError as error:
        if error.errno in _NO_IPV6:
            return None
        raise _refused(host, port, variable, error) from None


def _listen(family: socket.AddressFamily, host: str, port: int, variable: str, stack: AsyncExitStack) -> socket.socket:
    try:
        return _bound(family, host, port, stack)
    except OSError as error:
        raise _refused(host, port, variable, error) from None


def _bound(family: socket.AddressFamily, host: str, port: int, stack: AsyncExitStack) -> socket.socket:
    listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
    listener.bind((host, port))
    listener.listen()  # now, for two processes may bind a port as long as neither listens
    return listener


def _refused(host: str, port: int, variable: str, error: OSError) -> SettingsError:
    return SettingsError(f"{variable}={port}: cannot listen on {host}: {error.strerror}; expected a free port")
