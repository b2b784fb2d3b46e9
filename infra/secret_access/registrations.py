"""The resources of a running program, as the engine gets them: their documents are judged before they are made.

They are taken from the calls to the engine, which costs nothing. Where something else may change or make resources, a
packaged component or another transform, a transform of the stack looks at each resource as well, after all others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from pulumi.runtime import register_resource_transform, rpc, settings
from pulumi.runtime.proto.resource_pb2 import (
    RegisterResourceRequest,
    RegisterResourceResponse,
)

from .kept import as_kept, with_ignored
from .program_errors import ProgramError
from .proof.preview import UNKNOWN, Resource

_STACK = "pulumi:pulumi:Stack"
_DEFAULT = "default"
"""How the providers begin that Pulumi makes itself."""
_SKIPPED = 2
"""The result of what is left out, by an older engine; a newer one says that it is unknown (resource.proto)."""


class Registrations:
    """Every resource that the program registers from now on; what it only reads is another's."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        """By URN."""
        self._transformed: dict[str, Resource] = {}
        """What the transform saw, by URN; without what it is not told: where inputs were computed from."""
        self._ignored_by_transforms: dict[str, list[str]] = {}

    def watch(self, at_the_end: Callable[[], None]) -> None:
        """Watch the program, and call `at_the_end` when it has ended well and everything of it is registered.

        What is raised there fails the program. Raises ProgramError where no program runs.
        """
        monitor: Any = settings.get_monitor()
        if monitor is None:
            raise ProgramError("no Pulumi program runs: call this in one, before its first resource")
        _Watched(monitor, self._calls, at_the_end).look_with(self._see)

    def resources(self) -> list[Resource]:
        """Return what was seen so far: as the program asks for it, where the engine does not ignore that."""
        asked = {urn: call.asked for urn, call in self._calls.items()}
        changed = {
            urn: replace(each, depends_on=asked[urn].depends_on, provider=asked[urn].provider) if urn in asked else each
            for urn, each in self._transformed.items()
        }
        seen = {**asked, **changed}
        ignored = self._ignored
        found = [
            with_ignored(each, ignored[urn], self._answered(urn)) if ignored.get(urn) else each
            for urn, each in seen.items()
        ]
        return [*found, *unseen_providers(seen)]

    def kept(self, asked: Sequence[Resource]) -> list[Resource]:
        """Return the resources as the engine answers that it keeps them, without those that it leaves out."""
        left_out = self.left_out
        return [
            as_kept(each, self._answered(each.urn))
            if each.urn in self._calls and self._calls[each.urn].differs
            else each
            for each in asked
            if each.urn not in left_out
        ]

    @property
    def left_out(self) -> set[str]:
        """URNs of what the engine does not make, as `--target` or `--exclude` says."""
        return {urn for urn, call in self._calls.items() if call.answer.unknown or call.answer.result == _SKIPPED}

    @property
    def _ignored(self) -> dict[str, list[str]]:
        return {urn: [*call.request.ignoreChanges] for urn, call in self._calls.items()} | self._ignored_by_transforms

    def _answered(self, urn: str) -> Mapping[str, Any]:
        return self._calls[urn].answered if urn in self._calls else {}

    async def _see(self, args: pulumi.ResourceTransformArgs) -> None:
        parent = "" if args.opts.parent is None else await args.opts.parent.urn.future() or ""
        urn = _urn(parent, args.type_, args.name)
        inputs = {key: await _known(value) for key, value in args.props.items()}
        self._transformed[urn] = Resource(urn, args.type_, inputs, {}, parent, await _reference(args.opts.provider))
        if args.opts.ignore_changes:
            self._ignored_by_transforms[urn] = args.opts.ignore_changes


@dataclass(frozen=True)
class _Call:
    """What the engine was asked for, and its answer."""

    request: RegisterResourceRequest
    answer: RegisterResourceResponse

    @property
    def asked(self) -> Resource:
        """The resource."""
        request = self.request
        return Resource(
            self.answer.urn,
            request.type,
            {} if request.remote else _plain(rpc.deserialize_properties(request.object)),
            {key: tuple(of.urns) for key, of in request.propertyDependencies.items()},
            request.parent,
            request.provider,
        )

    @property
    def answered(self) -> Mapping[str, Any]:
        """Its values in the answer."""
        values: Mapping[str, Any] = _plain(rpc.deserialize_properties(self.answer.object))
        return values

    @property
    def differs(self) -> bool:
        """Whether the answer has other values than those that were asked for: told apart before they are read."""
        answered = self.answer.object.fields
        return any(key in answered and answered[key] != value for key, value in self.request.object.fields.items())


class _Watched:
    """The engine's monitor, with three of its calls watched.

    Pulumi has no place of its own for what is to be done when a program has ended well; it makes the call
    SignalAndWaitForShutdown then, and only then (pulumi/runtime/stack.py).
    """

    def __init__(self, monitor: Any, calls: dict[str, _Call], at_the_end: Callable[[], None]) -> None:
        self._register = monitor.RegisterResource
        self._add_transform = monitor.RegisterStackTransform
        self._shut_down = monitor.SignalAndWaitForShutdown
        self._calls = calls
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
            self._calls[answer.urn] = _Call(request, answer)
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


def unseen_providers(seen: Mapping[str, Resource]) -> Iterator[Resource]:
    """Yield the providers of resources that were registered before, or elsewhere: what they were given is not known."""
    named = {each.provider.rpartition("::")[0] for each in seen.values()} - seen.keys() - {""}
    for urn in sorted(named):
        above, _, name = urn.rpartition("::")
        if not name.startswith(_DEFAULT):
            yield Resource(urn, above.rpartition("::")[2].rpartition("$")[2], {"namespace": UNKNOWN}, {})


def _urn(parent: str, kind: str, name: str) -> str:
    """Return a resource's URN (https://www.pulumi.com/docs/iac/concepts/resources/names/#urns)."""
    above = parent.rpartition("::")[0]
    if not above or above.endswith(f"::{_STACK}"):
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{kind}::{name}"
    return f"{above}${kind}::{name}"


async def _reference(provider: pulumi.ProviderResource | None) -> str:
    """Return how the engine calls a provider: its URN and its id."""
    return "" if provider is None else f"{await provider.urn.future()}::{await provider.id.future()}"


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
