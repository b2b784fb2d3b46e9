"""Secrets in etcd, in namespaces that want none. Pure.

A namespace says so by a label; the components of patterns/ read it of the live namespace.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..patterns.runtime_only import is_runtime_only
from ..proof.preview import Resource
from .manifests import KubernetesObject, items, mapping, objects
from .rule import Found, Options

NAMESPACES = "namespaces"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    NAMESPACES: {
        "type": "array",
        "items": {"type": "string"},
        "description": "Namespaces that count as labelled: those that other programs make.",
    }
}
_MAKE_SECRETS = ("Secret", "SealedSecret", "ExternalSecret", "PushSecret", "VaultStaticSecret", "VaultDynamicSecret")
"""Kinds that are Secrets, or make some: of Kubernetes, Sealed Secrets, External Secrets and Vault's operator."""


def in_runtime_only_namespaces(resources: Sequence[Resource], options: Options) -> Iterator[Found]:
    """Yield the Secrets, and what makes some, in namespaces that are marked as read at runtime."""
    labels: dict[str, Mapping[str, str]] = {}
    for resource in resources:
        for each in objects(resource):
            if each.kind == "Namespace" and each.name:
                labels[each.name] = mapping(each.metadata.get("labels"))
    for resource in resources:
        for each in objects(resource):
            namespace = each.namespace
            if namespace is None or not _makes_a_secret(each):
                continue
            if namespace in (options.get(NAMESPACES) or ()) or is_runtime_only(labels.get(namespace)):
                what = f"{each.kind} {each.name or resource.name} puts values into etcd, in the namespace {namespace}"
                yield Found(what, resource.urn)


def _makes_a_secret(each: KubernetesObject) -> bool:
    """A SecretProviderClass of the CSI driver makes some where it is told which."""
    if each.kind == "SecretProviderClass":
        return bool(items(mapping(each.body.get("spec")).get("secretObjects")))
    return each.kind in _MAKE_SECRETS
