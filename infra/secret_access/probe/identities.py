"""The identities of a cluster's namespaces, read from the pods that have a sidecar. Pure.

Objects are spelled as the API server has them: pods, and workloads with a pod template, for those that have no pod now.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..pods.sidecar_container import CONTAINER, DEFAULT_PORT
from .places import REALM, Place, place

Manifest = Mapping[str, Any]

API_TOKEN = "kube-api-access-"  # noqa: S105  a volume's name
"""How the name of the volume begins that the API server adds with a token for itself."""
DOMAINS = ("azure.workload.identity/", "eks.amazonaws.com/", "secret-access/")
"""Of the labels and annotations that concern the identity; with others, a Service could send requests to the probe."""
INJECTION = "secret-access/inject"
PLACEMENT = (
    "dnsConfig", "dnsPolicy", "hostAliases", "imagePullSecrets", "nodeSelector", "runtimeClassName", "securityContext",
    "tolerations",
)  # fmt: skip
"""Fields of a pod's spec without which a pod beside it may not start, or not reach the cloud."""
DROPPED = {"SECRETS_ACCESS", "SECRETS_CACHE_TTL", "SECRETS_STALE_IF_ERROR", "SECRETS_TOKEN_FILE"}
"""Settings that a probe's sidecar does without: it reads, each time from the vault, for the probe alone."""
EXACT = "exact:"


@dataclass(frozen=True)
class Identity:
    """A ServiceAccount whose pods read secrets from a vault."""

    namespace: str
    service_account: str
    place: Place
    prefix: str
    """What the names of its own secrets begin with."""
    names: tuple[str, ...]
    """Full names of secrets that its workloads declare, and of those that somebody gave."""
    access: Mapping[str, Any]
    """What a pod needs to be one of its pods: the values of `WorkloadAccess`."""
    placement: Mapping[str, Any]
    """Fields of the pod's spec that say where it runs."""

    @property
    def key(self) -> tuple[str, str, Place]:
        """What tells it from the others."""
        return self.namespace, self.service_account, self.place

    def owns(self, name: str, where: Place) -> bool:
        """Return whether it is meant to read a name: one under its prefix, or granted to it exactly."""
        is_own = name.startswith(self.prefix) or (name.startswith(EXACT) and name in self.names)
        return where == self.place and is_own

    def full(self, name: str) -> str:
        """Return the full name of one that its workloads write."""
        return name if "/" in name or name.startswith(EXACT) else self.prefix + name


def identities(objects: Iterable[Manifest]) -> list[Identity]:
    """Return each identity once, with all names that its pods declare; the order is that of namespaces."""
    found: dict[tuple[str, str, Place], Identity] = {}
    for each in objects:
        for identity in _of(each):
            known = found.setdefault(identity.key, identity)
            names = dict.fromkeys([*known.names, *identity.names])
            found[identity.key] = replace(known, names=tuple(names))
    return sorted(found.values(), key=lambda each: (each.namespace, each.place.vault, each.service_account))


def _of(found: Manifest) -> Iterator[Identity]:
    namespace = str(found["metadata"].get("namespace", "default"))
    template = _template(found)
    spec = template.get("spec") or {}
    for container in (*(spec.get("initContainers") or []), *(spec.get("containers") or [])):
        env = container.get("env") or []
        settings = {str(each["name"]): str(each.get("value") or "") for each in env}
        vault = settings.get("SECRETS_BACKEND", "")
        if vault not in REALM or settings.get("SECRETS_MODE") == "shared":
            continue
        prefix = settings.get("SECRETS_PREFIX") or f"{settings.get('SECRETS_NAMESPACE') or namespace}/"
        account = str(spec.get("serviceAccountName") or "default")
        identity = Identity(
            namespace=namespace,
            service_account=account,
            place=place(vault, settings),
            prefix=prefix,
            names=(),
            access=_access(namespace, account, template, container, settings),
            placement={field: spec[field] for field in PLACEMENT if spec.get(field)},
        )
        declared = [name for name in settings.get("SECRETS_NAMES", "").split(",") if name]
        yield replace(identity, names=tuple(map(identity.full, declared)))


def _template(found: Manifest) -> Manifest:
    """Return a pod, or the pod template of a workload."""
    spec = found.get("spec") or {}
    spec = (spec.get("jobTemplate") or {}).get("spec") or spec
    template: Manifest = spec.get("template") or found
    return template


def _access(
    namespace: str, account: str, template: Manifest, container: Manifest, settings: Mapping[str, str]
) -> dict[str, Any]:
    metadata = template.get("metadata") or {}
    mounts = [each for each in container.get("volumeMounts") or [] if not each["name"].startswith(API_TOKEN)]
    mounted = {each["name"] for each in mounts}
    sidecar = {
        **container,
        "name": CONTAINER,
        "restartPolicy": "Always",
        "volumeMounts": mounts,
        "env": [each for each in container["env"] if each["name"] not in DROPPED],
    }
    return {
        "namespace": namespace,
        "service_account_name": account,
        "sidecar": sidecar,
        "volumes": [each for each in template["spec"].get("volumes") or [] if each["name"] in mounted],
        "pod_labels": _of_identity(metadata.get("labels")),
        "pod_annotations": _of_identity(metadata.get("annotations")),
        "url": f"http://localhost:{settings.get('SECRETS_PORT') or DEFAULT_PORT}",
    }


def _of_identity(metadata: Mapping[str, str] | None) -> dict[str, str]:
    given = (metadata or {}).items()
    return {name: value for name, value in given if name.startswith(DOMAINS) and name != INJECTION}
