"""The prefixes that a stack's pods are told: what each namespace's secrets are meant to be. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .preview import Resource

_KUBERNETES = "kubernetes:"


def prefixes(resources: Sequence[Resource], backend: str) -> dict[str, str]:
    """Return the prefix of each namespace whose sidecars use a vault (`aws`, `vault`), as their settings have it.

    One that does not end in a slash is none: the empty one would make every name the namespace's own.
    """
    found: dict[str, str] = {}
    for namespace, each in settings(resources, backend):
        prefix = each.get("SECRETS_PREFIX")
        if isinstance(prefix, str) and prefix.endswith("/"):
            found[namespace] = prefix
    return found


def settings(resources: Sequence[Resource], backend: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the namespace and the settings of each sidecar that uses a vault."""
    for resource in resources:
        metadata = resource.inputs.get("metadata")
        if not resource.type.startswith(_KUBERNETES) or not isinstance(metadata, Mapping):
            continue
        namespace = metadata.get("namespace")
        for each in _environments(resource.inputs):
            if each.get("SECRETS_BACKEND") == backend and isinstance(namespace, str):
                yield namespace, each


def _environments(given: Any) -> Iterator[dict[str, Any]]:
    """Yield the environment of each container in a manifest."""
    if isinstance(given, Mapping):
        env = given.get("env")
        if isinstance(env, list):
            yield {str(each.get("name")): each.get("value") for each in env if isinstance(each, Mapping)}
        for each in given.values():
            yield from _environments(each)
    elif isinstance(given, list):
        for each in given:
            yield from _environments(each)
