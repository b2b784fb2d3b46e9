"""The package's process as the engine meets it: our server over gRPC, and for each deployment a monitor of its own.

The server is the one that the plugin runs. Behind a monitor's gRPC is Pulumi's mock monitor, so no cloud is asked.
"""

import contextvars
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent import futures
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import grpc
import grpc.aio
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.mocks import MockSettings
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, resource_pb2, resource_pb2_grpc
from pulumi.runtime.settings import configure

from secret_access.packaging import Servicer
from tests.infra.argument_values import PACKAGE, there
from tests.infra.engine import Monitor, World
from tests.infra.wire import sent

PROJECT = "secret-access"
LOOPBACK = "127.0.0.1:0"


def _answered(call: str) -> Any:
    return lambda self, request, _: self.answer(call, request)


class _Served(resource_pb2_grpc.ResourceMonitorServicer):
    """The mock monitor over gRPC, which answers in threads that know nothing of the deployment."""

    def __init__(self, world: World, stack: str) -> None:
        self._monitor = Monitor(world)
        self._settings = contextvars.Context()
        features = set(self._monitor.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures)  # type: ignore[no-untyped-call]
        settings = {"project": PROJECT, "stack": stack, "organization": "organization", "dry_run": world.preview}
        made = MockSettings(monitor=self._monitor, monitor_features=features, engine=None, callbacks=None, **settings)  # type: ignore[no-untyped-call]
        self._settings.run(configure, made)

    def answer(self, call: str, request: Any) -> Any:
        return self._settings.copy().run(getattr(self._monitor, call), request)

    GetDeploymentInfo = _answered("GetDeploymentInfo")
    Invoke = _answered("Invoke")
    ReadResource = _answered("ReadResource")
    RegisterErrorHook = _answered("RegisterErrorHook")
    RegisterResource = _answered("RegisterResource")
    RegisterResourceHook = _answered("RegisterResourceHook")
    RegisterResourceOutputs = _answered("RegisterResourceOutputs")


@dataclass(frozen=True)
class Deployment:
    """One preview or update of a stack."""

    stack: str
    world: World
    address: str
    monitor: _Served

    def provider(self, package: str, name: str, inputs: Mapping[str, Any]) -> dict[str, str]:
        """The option `providers` with an explicit provider that the program makes."""
        given = struct_pb2.Struct()
        given.update(inputs)
        kind = f"pulumi:providers:{package}"
        request = resource_pb2.RegisterResourceRequest(type=kind, name=name, custom=True, object=given)
        answer = self.monitor.answer("RegisterResource", request)
        return {package: f"{answer.urn}::{answer.id or '04da6b54-80e4-46f7-96ec-b56ff0331ba9'}"}


@contextmanager
def deployment(stack: str = "tested", *, preview: bool = False) -> Iterator[Deployment]:
    """A deployment that runs."""
    world = World(found=there(), preview=preview)
    served = _Served(world, stack)
    server = grpc.server(futures.ThreadPoolExecutor(8))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(served, server)
    port = server.add_insecure_port(LOOPBACK)
    server.start()
    try:
        yield Deployment(stack, world, f"127.0.0.1:{port}", served)
    finally:
        server.stop(None).wait()


@dataclass(frozen=True)
class Process:
    """The plugin's process."""

    _stub: Any

    async def construct(
        self,
        of: Deployment,
        component: str,
        name: str,
        arguments: dict[str, Any],
        *,
        later: str = "",
        providers: Mapping[str, str] | None = None,
    ) -> str:
        """What the engine is told in refusal of a component; empty where it is made."""
        request = provider_pb2.ConstructRequest(
            organization="organization",
            project=PROJECT,
            stack=of.stack,
            dryRun=of.world.preview,
            monitorEndpoint=of.address,
            type=f"secret-access:index:{component}",
            name=name,
            inputs=sent(component, {key: value for key, value in arguments.items() if value is not None}, later=later),
            providers=providers or {},
        )
        call = self._stub.Construct(request)
        code, said = await call.code(), await call.details()
        assert code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT), said
        return "" if code is grpc.StatusCode.OK else str(said or "refused without a word of ours")


@contextmanager
def _closed_in_the_end() -> Iterator[None]:
    """Close the channels to monitors, which Pulumi leaves to the end of the process."""
    opened: list[grpc.Channel] = []
    insecure_channel = grpc.insecure_channel

    def opens(*args: Any, **named: Any) -> grpc.Channel:
        opened.append(insecure_channel(*args, **named))
        return opened[-1]

    with patch.object(grpc, "insecure_channel", opens):
        yield
    for channel in opened:
        channel.close()


@asynccontextmanager
async def process() -> AsyncIterator[Process]:
    """A process of the package, for as many deployments as come."""
    server = grpc.aio.server()
    servicer = Servicer(PACKAGE, [], engine_address="")
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port(LOOPBACK)
    await server.start()
    try:
        with _closed_in_the_end():
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Process(provider_pb2_grpc.ResourceProviderStub(channel))
    finally:
        await server.stop(None)
        await _CallbackServicer.shutdown()  # type: ignore[no-untyped-call]
