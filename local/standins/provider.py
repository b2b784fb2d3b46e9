"""The part of a provider plugin that is the same for every cloud: the gRPC service, errors, checks, diffs.

What a provider does is in the methods of ``Provider`` that take and give plain properties; ``_Service`` turns the
engine's messages into them. https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

# ruff: noqa: N802  (gRPC names the methods)

from __future__ import annotations

import functools
import json
import secrets
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from local.standins.changes import answer, under
from local.standins.errors import NotReady, Refused, UnknownType
from local.standins.protocol import UNKNOWN, Properties, from_struct, serve, to_struct, type_of
from local.standins.schema import Failure, Sdk


@dataclass(frozen=True)
class Live:
    """A resource as it is now: what its inputs would be, and its whole state."""

    id: str
    inputs: Properties
    outputs: Properties


class Provider:
    """One package's resources."""

    package: str

    def __init__(self) -> None:
        self.sdk = Sdk(self.package)
        self.engine: engine_pb2_grpc.EngineStub | None = None

    def check_config(self, inputs: Properties) -> list[Failure]:
        """What is wrong with the provider's own inputs."""
        return self.sdk.failures(f"pulumi:providers:{self.package}", inputs)

    def decoded(self, inputs: Properties) -> Properties:
        """The provider's own inputs as they were written: the engine passes lists and objects as JSON in a string."""
        module = self.sdk.module(f"pulumi:providers:{self.package}")
        forms = module["objects"][module["resources"][f"pulumi:providers:{self.package}"]]["properties"]
        return {
            key: json.loads(value)
            if isinstance(value, str) and value != UNKNOWN and "scalar" not in forms.get(key, ["scalar"])
            else value
            for key, value in inputs.items()
            if key != "version"
        }

    def schema(self) -> Properties:
        """The provider's own inputs, for languages such as YAML that ask the plugin; resources it does not describe."""
        module = self.sdk.module(f"pulumi:providers:{self.package}")
        known = module["objects"][module["resources"][f"pulumi:providers:{self.package}"]]["properties"]
        anything = {name: {"$ref": "pulumi.json#/Any"} for name in known}
        return {"name": self.package, "version": self.sdk.version, "provider": {"inputProperties": anything}}

    def config_replaces(self, old: Properties, new: Properties) -> tuple[str, ...]:
        """The provider's own inputs of which a change replaces every resource, such as another account."""
        del old, new
        return ()

    def configure(self, inputs: Properties) -> None:
        """Configure the provider; raises Refused for inputs that it cannot work with."""
        raise NotImplementedError

    def check(
        self, urn: str, old: Properties, new: Properties, random: Callable[[], str]
    ) -> tuple[Properties, list[Failure]]:
        """The inputs with defaults filled in, and what is wrong with them. ``random`` gives a name's hex digits."""
        raise NotImplementedError

    def diff(self, urn: str, old: Properties, new: Properties) -> provider_pb2.DiffResponse:
        """How two versions of the inputs differ."""
        raise NotImplementedError

    def create(self, urn: str, inputs: Properties, *, preview: bool, timeout: float) -> tuple[str, Properties]:
        """Create the resource and return its id and outputs."""
        raise NotImplementedError

    def read(self, urn: str, identity: str, inputs: Properties, state: Properties) -> Live | None:
        """It as it is now; with the id alone when it is imported; None when it is gone."""
        raise NotImplementedError

    def update(
        self, urn: str, identity: str, inputs: Properties, state: Properties, *, preview: bool, timeout: float
    ) -> Properties:
        """Update the resource and return its outputs."""
        raise NotImplementedError

    def delete(self, urn: str, identity: str, inputs: Properties, state: Properties, *, timeout: float) -> None:
        """Delete the resource; it is no error if it is already gone."""
        raise NotImplementedError

    def invoke(self, token: str, inputs: Properties) -> Properties:
        """Call a function of the package."""
        del inputs
        raise Refused(f"the {self.package} stand-in has no function {token!r}")

    def cancel(self) -> None:
        """Cancel the operations in progress."""

    def known_failures(self, urn: str, inputs: Properties) -> list[Failure]:
        """The errors that the pinned SDK's types find in the inputs, an unknown resource type included."""
        try:
            return self.sdk.failures(type_of(urn), inputs)
        except UnknownType as unknown:
            raise Refused(str(unknown)) from None

    def log(self, urn: str, message: str, *, warning: bool = False, passing: bool = False) -> None:
        """Tell the person; what is ``passing`` shows beside the resource while it is under way."""
        if self.engine:
            level = engine_pb2.LogSeverity.Value("WARNING" if warning else "INFO")
            self.engine.Log(engine_pb2.LogRequest(severity=level, message=message, urn=urn, ephemeral=passing))


def run(provider: Provider) -> None:
    """Serve a provider until the engine ends it."""
    serve(
        functools.partial(provider_pb2_grpc.add_ResourceProviderServicer_to_server, _Service(provider)), provider.cancel
    )


def _answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Errors of a provider become the errors of the protocol."""

    @functools.wraps(method)
    def call(self: _Service, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request)
        except NotReady as error:
            context.set_trailing_metadata((("grpc-status-details-bin", _partial_failure(error)),))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Refused as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:  # noqa: BLE001  (a plugin must answer; the trace goes where the engine shows it)
            traceback.print_exc(file=sys.stderr)
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")

    return call


def _partial_failure(error: NotReady) -> bytes:
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.id, inputs=to_struct(error.inputs), properties=to_struct(error.outputs), reasons=error.reasons
        ),
        type_url_prefix="type.googleapis.com",
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail])
    return bytes(status.SerializeToString())


def _check_failures(failures: Iterable[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures]


class _Service(provider_pb2_grpc.ResourceProviderServicer):
    """The engine's messages. Secrets are not accepted, so the engine keeps track of which inputs are secret."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    @_answering
    def Handshake(self, request: provider_pb2.ProviderHandshakeRequest) -> Any:
        if request.engine_address:
            self.provider.engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(request.engine_address))
        return provider_pb2.ProviderHandshakeResponse()

    @_answering
    def GetPluginInfo(self, _request: empty_pb2.Empty) -> Any:
        return plugin_pb2.PluginInfo(version=self.provider.sdk.version)

    @_answering
    def GetSchema(self, _request: provider_pb2.GetSchemaRequest) -> Any:
        return provider_pb2.GetSchemaResponse(schema=json.dumps(self.provider.schema()))

    @_answering
    def CheckConfig(self, request: provider_pb2.CheckRequest) -> Any:
        failures = self.provider.check_config(self.provider.decoded(from_struct(request.news)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_check_failures(failures))

    @_answering
    def DiffConfig(self, request: provider_pb2.DiffRequest) -> Any:
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        replaces = self.provider.config_replaces(old, new)
        return answer(old, new, replaces=under(*replaces), delete_first=False)

    @_answering
    def Configure(self, request: provider_pb2.ConfigureRequest) -> Any:
        self.provider.configure(self.provider.decoded(from_struct(request.args)))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @_answering
    def Check(self, request: provider_pb2.CheckRequest) -> Any:
        seed = request.randomSeed or secrets.token_bytes(8)
        inputs, failures = self.provider.check(
            request.urn, from_struct(request.olds), from_struct(request.news), seed.hex
        )
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=_check_failures(failures))

    @_answering
    def Diff(self, request: provider_pb2.DiffRequest) -> Any:
        return self.provider.diff(request.urn, from_struct(request.old_inputs), from_struct(request.news))

    @_answering
    def Create(self, request: provider_pb2.CreateRequest) -> Any:
        identity, outputs = self.provider.create(
            request.urn, from_struct(request.properties), preview=request.preview, timeout=request.timeout
        )
        return provider_pb2.CreateResponse(id="" if request.preview else identity, properties=to_struct(outputs))

    @_answering
    def Read(self, request: provider_pb2.ReadRequest) -> Any:
        live = self.provider.read(request.urn, request.id, from_struct(request.inputs), from_struct(request.properties))
        if live is None:
            return provider_pb2.ReadResponse(id="")
        return provider_pb2.ReadResponse(id=live.id, inputs=to_struct(live.inputs), properties=to_struct(live.outputs))

    @_answering
    def Update(self, request: provider_pb2.UpdateRequest) -> Any:
        outputs = self.provider.update(
            request.urn,
            request.id,
            from_struct(request.news),
            from_struct(request.olds),
            preview=request.preview,
            timeout=request.timeout,
        )
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    @_answering
    def Delete(self, request: provider_pb2.DeleteRequest) -> Any:
        inputs, state = from_struct(request.old_inputs), from_struct(request.properties)
        self.provider.delete(request.urn, request.id, inputs, state, timeout=request.timeout)
        return empty_pb2.Empty()

    @_answering
    def Invoke(self, request: provider_pb2.InvokeRequest) -> Any:
        result = provider_pb2.InvokeResponse()
        getattr(result, "return").CopyFrom(to_struct(self.provider.invoke(request.tok, from_struct(request.args))))
        return result

    @_answering
    def Cancel(self, _request: empty_pb2.Empty) -> Any:
        self.provider.cancel()
        return empty_pb2.Empty()
