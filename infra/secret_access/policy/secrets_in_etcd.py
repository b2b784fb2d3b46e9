"""Secrets in etcd, in namespaces that want none. Pure.

A namespace says so by a label; the components of patterns/ read it of the live namespace.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..patterns.runtime_only import is_runtime_only
from ..proof.preview import Resource
from .manifests import KubernetesObject, items, mapping, objects, provider_of, selects, texts
from .rule import Found, Options

NAMESPACES = "namespaces"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    NAMESPACES: {
        "type": "array",
        "items": {"type": "string"},
        "description": "Namespaces that count as labelled: those that other programs make.",
    }
}
_MAKE_SECRETS = (
    "ClusterExternalSecret",
    "ClusterPushSecret",
    "ExternalSecret",
    "HCPVaultSecretsApp",
    "OnePasswordItem",
    "PushSecret",
    "SealedSecret",
    "Secret",
    "SopsSecret",
    "VaultDynamicSecret",
    "VaultPKISecret",
    "VaultStaticSecret",
)
"""Kinds that are Secrets, or make some: of Kubernetes, Sealed Secrets, External Secrets, Vault's operator, 1Password's
and SOPS'."""
_OF_CLUSTER = "Cluster"
_NAME = "kubernetes.io/metadata.name"
"""The label with a namespace's name, which every namespace has."""


@dataclass
class _Namespaces:
    """The labels of the stack's namespaces."""

    labels: dict[str, dict[str, list[Mapping[str, str]]]] = field(default_factory=dict)
    """By name, and then by provider: two clusters may have namespaces of one name."""

    def of(self, name: str, provider: str) -> list[Mapping[str, str]]:
        """Return the labels of a namespace: as the object's provider makes it, else as any does."""
        by_provider = self.labels.get(name, {})
        return by_provider.get(provider) or [each for given in by_provider.values() for each in given]


def in_runtime_only_namespaces(resources: Sequence[Resource], options: Options) -> Iterator[Found]:
    """Yield the Secrets, and what makes some, in namespaces that are marked as read at runtime."""
    found = _Namespaces()
    for resource in resources:
        for each in objects(resource):
            if each.kind == "Namespace" and not each.group and each.name:
                given = found.labels.setdefault(each.name, {}).setdefault(provider_of(resource), [])
                given.append(mapping(each.metadata.get("labels")))
    for name in texts(options.get(NAMESPACES)):
        found.labels.setdefault(name, {"": [{}]})
    for resource in resources:
        provider = provider_of(resource)
        for each in objects(resource):
            for namespace in _namespaces(each, found, provider) if _makes_a_secret(each) else ():
                is_listed = namespace in (options.get(NAMESPACES) or ())
                if is_listed or any(map(is_runtime_only, found.of(namespace, provider))):
                    called = f"{each.kind} {each.name or resource.name}"
                    yield Found(f"{called} puts values into etcd, in the namespace {namespace}", resource.urn)


def _namespaces(each: KubernetesObject, found: _Namespaces, provider: str) -> list[str]:
    """Return where it makes Secrets: one of the cluster does so where it says, by names or labels."""
    if not each.kind.startswith(_OF_CLUSTER):
        return [] if each.namespace is None else [each.namespace]
    spec = mapping(each.body.get("spec"))
    selectors = items([spec.get("namespaceSelector"), *items(spec.get("namespaceSelectors"))])
    selected = [
        name
        for name in found.labels
        for labels in found.of(name, provider)
        if any(selects(each, {**labels, _NAME: name}) for each in selectors)
    ]
    return list(dict.fromkeys([*texts(spec.get("namespaces")), *selected]))


def _makes_a_secret(each: KubernetesObject) -> bool:
    """A SecretProviderClass of the CSI driver makes some where it is told which."""
    if each.kind == "SecretProviderClass":
        return bool(items(mapping(each.body.get("spec")).get("secretObjects")))
    return each.kind in _MAKE_SECRETS and (each.kind != "Secret" or not each.group)
