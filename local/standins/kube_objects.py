"""Facts of Kubernetes objects on every cluster: their names, immutable fields and secret values."""

from __future__ import annotations

import copy
import re
import secrets
from typing import Any

from local.standins.protocol import Properties, as_secret, type_of

_IDENTITY = ("kind", "metadata.name", "metadata.namespace")
_IMMUTABLE = {
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "Job": ("spec.selector", "spec.template", "spec.completionMode"),
    "ClusterRoleBinding": ("roleRef",),
    "PersistentVolumeClaim": ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    "Pod": ("spec",),
    "RoleBinding": ("roleRef",),
    "Secret": ("type",),
    "StatefulSet": ("spec.podManagementPolicy", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"),
}
_CONTENT = ("data", "binaryData", "stringData", "immutable")


def immutable(old: Properties, new: Properties, *, fixed_content: bool) -> tuple[str, ...]:
    """The properties of which a change replaces the object, because the API makes them immutable.

    The contents of a ConfigMap or Secret are among them, as with the real provider, unless its
    ``enableConfigMapMutable`` or ``enableSecretMutable`` says otherwise.
    """
    return (*_IDENTITY, *_IMMUTABLE.get(new["kind"], ()), *(_CONTENT if old.get("immutable") or fixed_content else ()))


def kind_of(urn: str) -> tuple[str, str]:
    """apiVersion and kind of ``kubernetes:core/v1:Secret``."""
    _, api_version, kind = type_of(urn).split(":")
    return api_version.removeprefix("core/"), kind


def said(given: Properties) -> str:
    """An object as a message names it: ``Deployment test/app``."""
    metadata = given.get("metadata") or {}
    inside = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{given.get('kind')} {inside}{metadata.get('name')}"


def id_of(live: Properties) -> str:
    """Its id: ``namespace/name``, or the name alone."""
    metadata = live["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def trimmed(live: Properties) -> Properties:
    """An object as it is kept in the state."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    return {**live, "metadata": metadata}


def sealed(properties: Properties) -> Properties:
    """A Secret's values stay secret in the state and on the screen, whoever wrote them."""
    if properties.get("kind") != "Secret":
        return properties
    hidden = {key: as_secret(properties[key]) for key in ("data", "stringData") if properties.get(key)}
    return {**properties, **hidden}


def without(given: Properties, path: str) -> Properties:
    """The properties without what is at a path such as ``spec.containers[0].imagePulPolicy``."""
    copied = copy.deepcopy(given)
    *steps, last = [int(index) if index else key for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]
    place: Any = copied
    for step in steps:
        place = place[step]
    del place[last]
    return copied


def manager_of(state: Properties) -> str:
    """The name under which a resource's fields are managed: one for each resource, as the real plugin has it."""
    return str(state.get("__fieldManager") or f"pulumi-kubernetes-{secrets.token_hex(4)}")


def state_of(inputs: Properties, live: Properties, manager: str) -> Properties:
    """An object's outputs, with what the real plugin keeps beside it, so that either goes on from the other's state.

    The engine marks what is secret in the inputs, but not in a copy of them: the copy is secret as a whole.
    """
    ours = as_secret({key: value for key, value in inputs.items() if not key.startswith("__")})
    beside = {"__inputs": ours, "__initialApiVersion": live["apiVersion"], "__fieldManager": manager}
    return {**sealed(trimmed(live)), **beside}
