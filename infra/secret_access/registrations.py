"""The resources of a running program, as the engine gets them: their documents are judged before they are made.

They are taken from the calls to the engine, which costs nothing. Where something else may change or make resources, a
packaged component or another transform, a transform of the stack looks at each resource as well, after all others.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
from pulumi.runtime import register_resource_transform, rpc, settings
from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest

from .program_errors import ProgramError
from .proof.preview import UNKNOWN, Resource

_STACK = "pulumi:pulumi:Stack"


class Registrations:
    """Every resource that the program registers from now on."""

    def __init__(self) -> None:
        self._requests: dict[str, RegisterResourceRequest] = {}
        """By URN."""
        self._transformed: dict[str, Resource] = {}
        """What the transform saw, by URN; without what it is not told: where inputs were computed from."""

    def watch(self, at_the_end: Callable[[], None]) -> None:
        """Watch the program, and call `at_the_end` when it has ended well and everything of it is registered.

        What is raised there fails the program. Raises ProgramError where no program runs.
        """
        monitor: Any = settings.get_monitor()
        if monitor is None:
            raise ProgramError("no Pulumi program runs: call this in one, before its first resource")
        _Watched(monitor, self._requests, at_the_end).look_with(self._see)

    def resources(self) -> list[Resource]:
        """Return what was seen so far."""
        asked = {
            urn: Resource(
                urn,
                request.type,
                {} if request.remote else _plain(rpc.deserialize_properties(request.object)),
                {key: tuple(of.urns) for key, of in request.propertyDependencies.items()},
                request.parent,
                request.provider,
            )
            for urn, request in self._requests.items()
        }
        changed = {
            urn: replace(each, depends_on=asked[urn].depends_on, provider=asked[urn].provider) if urn in asked else each
            for urn, each in self._transformed.items()
        }
        return [*{**asked, **changed}.values()]

    async def _see(self, args: pulumi.ResourceTransformArgs) -> None:
        parent = "" if args.opts.parent is None else await args.opts.parent.urn.future() or ""
        urn = _urn(parent, args.type_, args.name)
        inputs = {key: await _known(value) for key, value in args.props.items()}
        self._transformed[urn] = Resource(urn, args.type_, inputs, {}, parent)


class _Watched:
    """The engine's monitor, with three of its calls watched.

    Pulumi has no place of its own for what is to be done when a program has ended well; it makes the call
    SignalAndWaitForShutdown then, and only then (pulumi/runtime/stack.py).
    """

    def __init__(
        self, monitor: Any, requests: dict[str, RegisterResourceRequest], at_the_end: Callable[[], None]
    ) -> None:
        self._register = monitor.RegisterResource
        self._add_transform = monitor.RegisterStackTransform
        self._shut_down = monitor.SignalAndWaitForShutdown
        self._requests = requests
        self._at_the_end = at_the_end
        self._ours: Any = None
        self._is_looking = False
        monitor.RegisterResource = self._register_resource
        monitor.RegisterStackTransform = self._register_transform
        monitor.SignalAndWaitForShutdown = self._signal_and_wait

    def look_with(self, transform: pulumi.ResourceTransform) -> None:
        """Keep a transform ready. The engine calls it for every resource, so it is registered only when needed."""
        register_resource_transform(transform)

    def _register_resource(self, request: RegisterResourceRequest) -> Any:
        if (request.remote or request.transforms) and not self._is_looking:
            self._look()
        answer = self._register(request)
        if request.type != _STACK:
            self._requests[answer.urn] = request
        return answer

    def _register_transform(self, callback: Any) -> Any:
        if self._ours is None:
            self._ours = callback
            return None
        answer = self._add_transform(callback)
        self._look()  # once more, so that ours is the last
        return answer

    def _look(self) -> None:
        self._is_looking = True
        self._add_transform(self._ours)

    def _signal_and_wait(self, request: Any) -> Any:
        self._at_the_end()
        return self._shut_down(request)


def _urn(parent: str, kind: str, name: str) -> str:
    """Return a resource's URN (https://www.pulumi.com/docs/iac/concepts/resources/names/#urns)."""
    above = parent.rpartition("::")[0]
    if not above or above.endswith(f"::{_STACK}"):
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{kind}::{name}"
    return f"{above}${kind}::{name}"


async def _known(value: Any) -> Any:
    """Return a value that may have Outputs in it as a preview prints it."""
    if isinstance(value, pulumi.Output):
        if await value.is_secret():
            return UNKNOWN  # so is a secret to whoever reads a preview
        return await _known(await value.future(with_unknowns=True)) if await value.is_known() else UNKNOWN
    if isinstance(value, dict) and not rpc.is_rpc_secret(value):
        return {key: await _known(item) for key, item in value.items()}
    return [await _known(item) for item in value] if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> Any:
    """Return a value as a preview prints it."""
    if rpc.is_rpc_secret(value):
        return UNKNOWN
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
