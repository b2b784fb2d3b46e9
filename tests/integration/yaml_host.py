"""Pulumi's language host for YAML, with an answer to the one question of the engine that this version does not know.

The newest that is a Go module answers no ``Link``, with which an engine of 3.274 ends `pulumi package add` and
`pulumi install`; for YAML there is nothing to link. Everything else is forwarded as it is.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

from local.standins.protocol import serve

STREAMS = ("InstallDependencies", "RunPlugin")


def command(host: Path, folder: Path) -> Path:
    """Make the command that the engine looks for, in a folder for PATH."""
    folder.mkdir()
    made = folder / "pulumi-language-yaml"
    root = Path(__file__).parents[2]
    made.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} {__file__} {host} "$@"\n')
    made.chmod(0o755)
    return folder


def main(host: str, *arguments: str) -> None:
    """Serve the engine."""
    running = subprocess.Popen([host, *arguments], stdout=subprocess.PIPE)
    port = int(running.stdout.readline()) if running.stdout else 0
    forwarding = _Forwarding(grpc.insecure_channel(f"127.0.0.1:{port}"))
    serve(lambda server: server.add_generic_rpc_handlers((forwarding,)), running.terminate)


class _Forwarding(grpc.GenericRpcHandler):
    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        name = details.method.rpartition("/")[2]
        if name == "Link":
            return grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")
        if name in STREAMS:
            stream: Any = self._channel.unary_stream(details.method)
            return grpc.unary_stream_rpc_method_handler(lambda request, context: _streamed(stream, request, context))
        call: Any = self._channel.unary_unary(details.method)
        return grpc.unary_unary_rpc_method_handler(lambda request, context: _answered(call, request, context))


def _answered(call: Any, request: bytes, context: grpc.ServicerContext) -> Any:
    try:
        return call(request)
    except grpc.RpcError as error:
        return context.abort(error.code(), str(error.details()))


def _streamed(call: Any, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    try:
        yield from call(request)
    except grpc.RpcError as error:
        context.abort(error.code(), str(error.details()))


if __name__ == "__main__":
    main(*sys.argv[1:])
