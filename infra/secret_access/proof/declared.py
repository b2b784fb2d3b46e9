"""The prefixes that a stack's components and pods are told: what each namespace's secrets are meant to be. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .preview import UNKNOWN, Resource

_KUBERNETES = "kubernetes:"


def prefixes(resources: Sequence[Resource], backend: str) -> dict[str, str]:
    """Return the prefix of each namespace that uses a vault (`aws`, `vault`), as its component or its pods are told.

    Components prevail, and of several pods the last.
    """
    of_pods = {namespace: of[-1] for namespace, of in prefixes_of_pods(resources, backend).items()}
    return {**of_pods, **prefixes_of_components(resources, backend)}


def prefixes_of_pods(resources: Sequence[Resource], backend: str) -> dict[str, tuple[str, ...]]:
    """Return the prefixes of each namespace whose sidecars use a vault, as their settings have them.

    One that does not end in a slash is none: the empty one would make every name the namespace's own.
    """
    found: dict[str, dict[str, None]] = {}
    for namespace, each in settings(resources, backend):
        prefix = each.get("SECRETS_PREFIX")
        if namespace != UNKNOWN and isinstance(prefix, str) and prefix.endswith("/"):
            found.setdefault(namespace, {})[prefix] = None
    return {namespace: tuple(of) for namespace, of in found.items()}


def settings(resources: Sequence[Resource], backend: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the namespace and the settings of each sidecar that uses a vault."""
    for resource in resources:
        metadata = resource.inputs.get("metadata")
        if not resource.type.startswith(_KUBERNETES) or not isinstance(metadata, Mapping):
            continue
        namespace = metadata.get("namespace")
        for each in resource.environments:
            if each.get("SECRETS_BACKEND") == backend and isinstance(namespace, str):
                yield namespace, each


def prefixes_of_components(resources: Sequence[Resource], cloud: str) -> dict[str, str]:
    """Return the prefixes that packaged components are given: those of a Python program do not say it."""
    kind = f"secret-access:index:{cloud.title()}SecretAccess"
    told = [each for each in resources if each.type == kind and not each.is_pending("secretPrefix")]
    return {
        namespace: each.text("secretPrefix") or f"{namespace}/"
        for each in told
        if (namespace := each.text("namespace")) is not None
    }
