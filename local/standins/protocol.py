"""What crosses the wire between the engine and a plugin: property values, URNs, and how a plugin is served.

https://pulumi-developer-docs.readthedocs.io/latest/docs/architecture/providers/README.html
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for every value that only the update itself will know."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (the protocol's mark, not a secret)

Properties = dict[str, Any]

_NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """The properties of a message, secrets unwrapped; whole numbers are integers again (the wire has floats only)."""
    plain = _plain(json_format.MessageToDict(struct))
    if not isinstance(plain, dict):
        raise TypeError(f"the engine sent {type(plain).__name__} where an object belongs")
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return _plain(value["value"])
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """The message for properties."""
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def as_secret(value: Any) -> Properties:
    """A value that the engine encrypts in the state and hides on the screen."""
    return {SIGNATURE: SECRET, "value": value}


def has_unknown(value: Any) -> bool:
    """Whether any part of a value is known only to the update itself."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return bool(value == UNKNOWN)


def type_of(urn: str) -> str:
    """The resource's own type in ``urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME``."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The resource's name in ``urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME``."""
    return urn.split("::", 3)[3]


def serve(register: Callable[[Any], None], stop: Callable[[], None]) -> None:
    """Serve a plugin until the engine ends it or is gone; ``stop`` then ends what is still under way.

    The port goes to standard output, where the engine reads it.
    """
    server = grpc.server(futures.ThreadPoolExecutor(64), options=_NO_LIMIT)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    threading.Thread(target=_when_gone, args=(os.getppid(), over.set), daemon=True).start()
    print(port, flush=True)
    over.wait()
    stop()
    server.stop(grace=None)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a call that nobody waits for any more must not hold the process


def _when_gone(process: int, then: Callable[[], None]) -> None:
    """An engine that was killed leaves no plugin behind."""
    try:
        poll = select.poll()
        poll.register(os.pidfd_open(process), select.POLLIN)
        poll.poll()
    finally:
        then()
