"""Kubernetes' objects among the resources, and the pods that they make. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/, https://www.pulumi.com/registry/packages/kubernetes/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..proof.preview import UNKNOWN, Resource

_PREFIX = "kubernetes:"
_PATCHES = "Patch"
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
SETTING = "SECRETS_BACKEND"
"""The variable that every sidecar of this project has."""
Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class KubernetesObject:
    """An object of Kubernetes."""

    kind: str
    body: Manifest
    group: str = ""
    """The group of its API; empty for the core one."""
    is_patch: bool = False
    """Whether it is a part of an object that somebody else makes."""

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

    @property
    def env(self) -> dict[str, str]:
        """Its variables with a value of their own."""
        found = {each.get("name"): each.get("value") for each in items(self.body.get("env"))}
        return {str(name): value for name, value in found.items() if isinstance(value, str)}

    @property
    def is_sidecar(self) -> bool:
        """Whether it is a sidecar of this project."""
        return any(each.get("name") == SETTING for each in items(self.body.get("env")))


@dataclass(frozen=True)
class Pod:
    """A pod, of its own or in a template."""

    metadata: Manifest
    spec: Manifest

    @property
    def containers(self) -> list[Container]:
        """All of its containers."""
        return [
            Container(str(each.get("name", "")), each) for kind in _CONTAINERS for each in items(self.spec.get(kind))
        ]

    @property
    def sidecars(self) -> list[Container]:
        """The sidecars of this project among them."""
        return [each for each in self.containers if each.is_sidecar]


def objects(resource: Resource) -> Iterator[KubernetesObject]:
    """Yield the object of a resource, if it is one of Kubernetes; lists are taken apart by providers.py."""
    if not resource.type.startswith(_PREFIX):
        return
    _, version, of_type = [*resource.type.split(":", 2), "", ""][:3]
    is_patch = of_type.endswith(_PATCHES) and of_type != _PATCHES
    body = mapping(_what_is_known(resource.inputs))
    kind = str(body.get("kind") or of_type.removesuffix(_PATCHES))
    yield KubernetesObject(kind, body, _group(body, version), is_patch)


def _group(body: Manifest, of_type: str) -> str:
    """Return the group of an `apiVersion`, else that of the resource's type, where the core group is spelled out."""
    version = known(body.get("apiVersion")) or of_type
    group = version.rpartition("/")[0]
    return "" if group == "core" else group


def pods(resource: Resource) -> Iterator[tuple[KubernetesObject, Pod]]:
    """Yield the pods of a resource: a pod itself, and those that its pod templates make, of whatever kind it is."""
    for each in objects(resource):
        if each.kind == "Pod":
            yield each, Pod(each.metadata, mapping(each.body.get("spec")))
        for template in _templates(each.body):
            spec = mapping(template.get("spec"))
            if any(items(spec.get(kind)) for kind in _CONTAINERS):
                yield each, Pod(mapping(template.get("metadata")), spec)


def _templates(value: object) -> Iterator[Manifest]:
    """Yield what stands under `template`, or a key that ends so, at any depth."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(each, Mapping) and str(key).lower().endswith("template"):
                yield each
            yield from _templates(each)
    elif isinstance(value, list):
        for each in value:
            yield from _templates(each)


def selects(selector: Manifest, labels: Mapping[str, Any]) -> bool:
    """Return whether a label selector takes labels; an empty one takes all."""
    has_labels = mapping(selector.get("matchLabels")).items() <= labels.items()
    return has_labels and all(_holds(each, labels) for each in items(selector.get("matchExpressions")))


def _holds(expression: Manifest, labels: Mapping[str, Any]) -> bool:
    value, values = labels.get(str(expression.get("key"))), texts(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "DoesNotExist":
            return value is None
        case _:
            return value is not None


def provider_of(resource: Resource) -> str:
    """Return the URN of a resource's provider, which stands for its cluster."""
    return resource.provider.rpartition("::")[0]


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
