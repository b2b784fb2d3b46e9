"""The provider that both programs are previewed with: it accepts every resource and answers with its inputs.

It takes the place of the plugins for AWS and Kubernetes, so that a preview needs neither a cloud nor a cluster, and
does as little as one can. It runs in the bench's own process, and the engine attaches to it by
PULUMI_DEBUG_PROVIDERS: its processor time and memory are in no figure.
"""

# ruff: noqa: N802  (gRPC names the methods)

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

ACCOUNT = "111122223333"
ROLE = "aws:iam/role:Role"
AZURE = "azure-native:"
Resources = dict[tuple[str, str], dict[str, Any]]
"""The inputs of resources, by type and name."""


class Echo(provider_pb2_grpc.ResourceProviderServicer):
    """The provider. It remembers what it was asked to check only while `seen` is a mapping."""

    def __init__(self) -> None:
        self.seen: Resources | None = None

    def Handshake(self, request: Any, context: Any) -> Any:
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: Any, context: Any) -> Any:
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        del request, context
        return plugin_pb2.PluginInfo()

    def Cancel(self, request: Any, context: Any) -> Any:
        del request, context
        return empty_pb2.Empty()

    def CheckConfig(self, request: provider_pb2.CheckRequest, context: Any) -> Any:
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def Configure(self, request: Any, context: Any) -> Any:
        del request, context
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: provider_pb2.CheckRequest, context: Any) -> Any:
        del context
        if self.seen is not None:
            self.seen[request.type, request.name] = json_format.MessageToDict(request.news)
        return provider_pb2.CheckResponse(inputs=request.news)

    def Create(self, request: provider_pb2.CreateRequest, context: Any) -> Any:
        """Answer with an id and, for a role, its ARN: programs then compute with them, as they do in an update."""
        del context
        # Programs take Azure's ids apart, which no preview knows
        is_unknown = request.preview and request.type.startswith(AZURE)
        created = provider_pb2.CreateResponse(id="" if is_unknown else request.name, properties=request.properties)
        if request.type == ROLE:
            name = request.properties["name"]
            created.properties["arn"] = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        return created


@contextmanager
def serving(echo: Echo | None = None) -> Iterator[tuple[Echo, int]]:
    """Serve the provider, or one that does more, on loopback; yields it and its port."""
    echo = echo or Echo()
    server = grpc.server(futures.ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(echo, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield echo, port
    finally:
        server.stop(grace=None).wait()
