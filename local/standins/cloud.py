"""The stand-in for a cloud's provider plugin: what is the same for all clouds, over the kinds that each one has.

A cloud is a module of its own, named as its command: ``gcp.py`` for ``bin/resource-gcp/pulumi-resource-gcp``. It has
a ``Cloud`` with its settings and its kinds, and a ``main`` that serves it:

    class Bucket(Kind):
        type_name = "gcp:storage/bucket:Bucket"
        replaces = ("name", "location")
        named = "name"
        computed = ("selfLink",)

        def create(self, inputs):             # the cloud's own call; returns the id
            self.api.post("/storage/v1/b", {"name": inputs["name"], "location": inputs["location"]})
            return inputs["name"]

        def read(self, identity):             # the inputs that would make it as it is, and the computed outputs
            bucket = self.api.get(f"/storage/v1/b/{identity}")
            return {"name": bucket["name"], "location": bucket["location"]}, {"selfLink": bucket["selfLink"]}

        def update(self, identity, live, inputs): ...
        def delete(self, identity, inputs): ...

    class Gcp(Cloud):
        package = "gcp"
        settings = frozenset({"project", "accessToken"})
        kinds = (Bucket,)

        def configure_api(self, inputs):      # what the kinds have as self.api
            return Rest("https://storage.googleapis.com", {"Authorization": f"Bearer {inputs['accessToken']}"})

To add a kind, add its class to ``kinds``. The rest follows: a type or an input that the pinned SDK does not have is
refused with the nearest that it has, what the kind ``refused`` is named at the preview, defaults and names are filled
in, drift is what ``read`` gives, and a resource is gone when a call raises ``Gone``. What changes a list that others
write too (a policy's bindings) reads it, changes it and writes it in one method, with the API's own etag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from pulumi.runtime.proto import provider_pb2

from local.standins.changes import answer, under
from local.standins.errors import Gone, Refused
from local.standins.kinds import Kind
from local.standins.protocol import UNKNOWN, Properties, name_of, type_of
from local.standins.provider import Live, Provider
from local.standins.schema import Failure, Sdk


class Cloud(Provider):
    """The resources of one cloud's package."""

    settings: ClassVar[frozenset[str]]
    """The provider's own inputs that the stand-in obeys. All others are refused by name."""
    kinds: ClassVar[tuple[type[Kind], ...]]

    def __init__(self) -> None:
        super().__init__()
        self.sdk = Sdk(self.package, [kind.type_name for kind in self.kinds])
        self.api: Any = None
        self._kinds = {kind.type_name: kind for kind in self.kinds}

    def configure_api(self, inputs: Properties) -> Any:
        """What the kinds call; raises Refused for settings that it cannot work with."""
        raise NotImplementedError

    def errors_in_words(self) -> AbstractContextManager[None]:
        """Turns the errors of the API's client into Gone and Refused."""
        return nullcontext()

    def functions(self, inputs: Properties) -> Mapping[str, Callable[[], Properties]]:
        """The package's functions by their tokens, such as ``aws:index/getRegion:getRegion``."""
        del inputs
        return {}

    def check_config(self, inputs: Properties) -> list[Failure]:
        beyond = [
            Failure(
                key, f"the {self.package} stand-in does not do {key!r}; it knows {', '.join(sorted(self.settings))}"
            )
            for key in sorted(inputs.keys() - self.settings)
        ]
        return super().check_config(inputs) or beyond

    def configure(self, inputs: Properties) -> None:
        with self.errors_in_words():
            self.api = self.configure_api(inputs)

    def _kind(self, urn: str) -> Kind:
        name = type_of(urn)
        if name not in self._kinds:
            raise Refused(f"the {self.package} stand-in has no {name!r}; it has {', '.join(sorted(self._kinds))}")
        return self._kinds[name](self.api)

    def check(
        self, urn: str, old: Properties, new: Properties, random: Callable[[], str]
    ) -> tuple[Properties, list[Failure]]:
        failures = self.known_failures(urn, new)
        kind = self._kind(urn)
        new = {key: value for key, value in new.items() if value or key not in kind.none_when_empty}
        failures += [
            Failure(key, f"the {self.package} stand-in does not do {key!r}; {instead}")
            for key, instead in kind.refused.items()
            if new.get(key) is not None
        ]
        failures += kind.faults(new)
        defaults = {key: value for key, value in kind.defaults.items() if new.get(key) is None}
        if kind.named and new.get(kind.named) is None:
            kept = kind.named in old.get("__defaults", ())
            defaults[kind.named] = old[kind.named] if kept else kind.auto_name(name_of(urn), random())
        return {**new, **defaults, "__defaults": sorted(defaults)}, failures

    def diff(self, urn: str, old: Properties, new: Properties) -> provider_pb2.DiffResponse:
        kind = self._kind(urn)
        before = {**old, **_respelled(kind, old, new)}
        given = bool(kind.named) and kind.named not in new.get("__defaults", ())
        same_name = given and old.get(kind.named) == new.get(kind.named)
        return answer(before, new, replaces=under(*kind.replaces), delete_first=same_name)

    def create(self, urn: str, inputs: Properties, *, preview: bool, timeout: float) -> tuple[str, Properties]:
        del timeout
        kind = self._kind(urn)
        if preview:
            return "", {**kind.outputs(inputs, {}), **dict.fromkeys(kind.computed, UNKNOWN)}
        with self.errors_in_words():
            identity = kind.create(inputs)
            return identity, kind.outputs(inputs, kind.read(identity)[1])

    def read(self, urn: str, identity: str, inputs: Properties, state: Properties) -> Live | None:
        del state
        kind = self._kind(urn)
        try:
            with self.errors_in_words():
                live, known = kind.read(identity)
        except Gone:
            return None
        own = {key: inputs[key] for key in ("__defaults", *kind.not_read) if key in inputs}
        found = {**live, **_respelled(kind, live, inputs), **own}
        if inputs:
            found = {key: value for key, value in found.items() if key in inputs or key not in kind.computed}
        return Live(identity, found, kind.outputs(found, known))

    def update(
        self, urn: str, identity: str, inputs: Properties, state: Properties, *, preview: bool, timeout: float
    ) -> Properties:
        del timeout
        kind = self._kind(urn)
        if preview:
            return kind.outputs(inputs, {key: state[key] for key in kind.computed if key in state})
        with self.errors_in_words():
            kind.update(identity, kind.read(identity)[0], inputs)
            return kind.outputs(inputs, kind.read(identity)[1])

    def delete(self, urn: str, identity: str, inputs: Properties, state: Properties, *, timeout: float) -> None:
        del state, timeout
        try:
            with self.errors_in_words():
                self._kind(urn).delete(identity, inputs)
        except Gone:
            pass

    def invoke(self, token: str, inputs: Properties) -> Properties:
        functions = self.functions(inputs)
        if token not in functions:
            known = ", ".join(sorted(functions)) or "none"
            raise Refused(f"the {self.package} stand-in has no function {token!r}; it has {known}")
        with self.errors_in_words():
            return functions[token]()


def _respelled(kind: Kind, old: Properties, new: Properties) -> Properties:
    """What of the new inputs only spells the old ones otherwise."""
    return {key: value for key, value in new.items() if key in old and kind.same(key, old[key], value)}
