"""Kubernetes' objects among the resources, and the pods that they make. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/, https://www.pulumi.com/registry/packages/kubernetes/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..proof.preview import UNKNOWN, Resource

_PREFIX = "kubernetes:"
_LISTS, _PATCHES = "List", "Patch"
SETTING = "SECRETS_BACKEND"
"""The variable that every sidecar of this project has."""
Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class KubernetesObject:
    """An object of Kubernetes."""

    kind: str
    body: Manifest

    @property
    def metadata(self) -> Manifest:
        """Its metadata."""
        return mapping(self.body.get("metadata"))

    @property
    def name(self) -> str | None:
        """Its name, where the program gives one that is known."""
        return known(self.metadata.get("name"))

    @property
    def namespace(self) -> str | None:
        """The namespace that it is in, where the program says so and it is known."""
        return known(self.metadata.get("namespace"))


@dataclass(frozen=True)
class Container:
    """A container of a pod."""

    name: str
    body: Manifest
    is_init: bool

    @property
    def env(self) -> dict[str, str]:
        """Its variables with a value of their own."""
        found = {each.get("name"): each.get("value") for each in items(self.body.get("env"))}
        return {str(name): value for name, value in found.items() if isinstance(value, str)}

    @property
    def is_sidecar(self) -> bool:
        """Whether it is a sidecar of this project."""
        return SETTING in self.env


@dataclass(frozen=True)
class Pod:
    """A pod, of its own or in a template."""

    metadata: Manifest
    spec: Manifest

    @property
    def containers(self) -> list[Container]:
        """All of its containers."""
        kinds = ("initContainers", "containers", "ephemeralContainers")
        return [
            Container(str(each.get("name", "")), each, kind == kinds[0])
            for kind in kinds
            for each in items(self.spec.get(kind))
        ]

    @property
    def sidecars(self) -> list[Container]:
        """The sidecars of this project among them."""
        return [each for each in self.containers if each.is_sidecar]


def objects(resource: Resource) -> Iterator[KubernetesObject]:
    """Yield the objects of a resource: itself, or the items of a list."""
    if not resource.type.startswith(_PREFIX):
        return
    body = mapping(_what_is_known(resource.inputs))
    kind = str(body.get("kind") or resource.type.rpartition(":")[2])
    if kind.endswith(_LISTS) and "items" in body:
        for each in items(body["items"]):
            yield KubernetesObject(str(each.get("kind") or kind.removesuffix(_LISTS)), each)
    else:
        yield KubernetesObject(kind.removesuffix(_PATCHES), body)


def pods(resource: Resource) -> Iterator[tuple[KubernetesObject, Pod]]:
    """Yield the pods of a resource: a pod itself, and those that its pod templates make."""
    for each in objects(resource):
        found = _template(each)
        spec = mapping(found.get("spec"))
        if items(spec.get("containers")):
            yield each, Pod(mapping(found.get("metadata")), spec)


def _template(each: KubernetesObject) -> Manifest:
    if each.kind == "Pod":
        return each.body
    if each.kind == "PodTemplate":
        return mapping(each.body.get("template"))
    spec = mapping(each.body.get("spec"))
    if each.kind == "CronJob":
        spec = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    return mapping(spec.get("template"))


def _what_is_known(value: object) -> object:
    """Return a manifest without what is missing or known only later."""
    if isinstance(value, Mapping):
        found = {key: _what_is_known(each) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not None}
    if isinstance(value, list | tuple):
        return [each for each in map(_what_is_known, value) if each is not None]
    return None if value == UNKNOWN else value


def mapping(value: object) -> Manifest:
    """Return what has fields; nothing where the value is missing or known only later."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Manifest]:
    """Return the items of a list that have fields."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []


def known(value: object) -> str | None:
    """Return a text that is known."""
    return value if isinstance(value, str) and UNKNOWN not in value else None


def texts(value: object) -> list[str]:
    """Return the items of a list that are texts, and known."""
    return [each for each in value if known(each)] if isinstance(value, list | tuple) else []
