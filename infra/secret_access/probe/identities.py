"""The identities of a cluster's namespaces, read from the pods that have a sidecar. Pure.

Objects are spelled as the API server has them: pods, and workloads with a pod template, for those that have no pod now.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from secret_names import InvalidName
from secret_names.vaults import AWS, AZURE, EXACT, GOOGLE, VAULT, Spelling

from ..pods.sidecar_container import CONTAINER, DEFAULT_PORT
from .places import ALIASES, LOCATION, REALM, Place, place

Manifest = Mapping[str, Any]

ENDED = ("Failed", "Succeeded")
"""Phases of a pod that is over."""
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
SPELLINGS: Mapping[str, Spelling] = {"aws": AWS, "gcp": GOOGLE, "azure": AZURE, "vault": VAULT}
CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "aws": ("AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN"),
    "gcp": ("GCP_WORKLOAD_IDENTITY_PROVIDER", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"),
    "azure": ("AZURE_CLIENT_ID",),
    "vault": ("SECRETS_VAULT_AUTH_PATH", "SECRETS_VAULT_ROLE"),
}
"""By vault, the settings that say as whom a ServiceAccount reads: it may be trusted by several roles."""
BACKEND = ("SECRETS_BACKEND", "VAULTMUX_BACKEND")
IMAGE = "secret-sidecar"
"""In the name of the sidecar's image, as this project calls it."""
WHOSE = ("SECRETS_MODE", "SECRETS_NAMES", "SECRETS_NAMESPACE", "SECRETS_PORT", "SECRETS_PREFIX")
"""Settings that say which secrets are whose."""


@dataclass(frozen=True)
class Identity:
    """A ServiceAccount whose pods read secrets from a vault, as one role of the vault's."""

    namespace: str
    service_account: str
    place: Place
    credentials: tuple[tuple[str, str], ...]
    """The settings that say as whom it reads."""
    prefixes: tuple[str, ...]
    """What the names of its own secrets begin with: of each of its workloads."""
    names: tuple[str, ...]
    """Full names of secrets that its workloads declare, and of those that somebody gave."""
    access: Mapping[str, Any]
    """What a pod needs to be one of its pods: the values of `WorkloadAccess`."""
    placement: Mapping[str, Any]
    """Fields of the pod's spec that say where it runs."""

    @property
    def key(self) -> tuple[str, str, Place, tuple[tuple[str, str], ...]]:
        """What tells it from the others."""
        return self.namespace, self.service_account, self.place, self.credentials

    def covers(self, name: str, where: Place) -> int:
        """Return how long the longest of its prefixes is that a name has, as the vault spells both; 0 for none."""
        spelling = SPELLINGS[where.vault]
        spelled = spelling.spelled(name)
        fitting = [prefix for prefix in self.prefixes if spelled.startswith(spelling.spelled(prefix))]
        return max(map(len, fitting), default=0) if where == self.place else 0

    def owns(self, name: str, where: Place) -> bool:
        """Return whether it is meant to read a name: one under its prefix, or granted to it exactly."""
        is_granted = name.startswith(EXACT) and name in self.names
        return where == self.place and (is_granted or self.covers(name, where) > 0)

    def full(self, name: str) -> str:
        """Return the full name of one that its workloads write: each secret has one, however it was spelled."""
        try:
            return SPELLINGS[self.place.vault].full_name(name, self.prefixes[0])
        except InvalidName:  # the vault's answer will say so
            return name if "/" in name or name.startswith(EXACT) else self.prefixes[0] + name


@dataclass(frozen=True)
class Found:
    """What the pods say."""

    identities: tuple[Identity, ...]
    unread: tuple[str, ...]
    """Sidecars whose settings are not in the pods, in words."""


def identities(objects: Iterable[Manifest]) -> list[Identity]:
    """Return each identity once, with all names that its pods declare; the order is that of namespaces."""
    return list(read(objects).identities)


def read(objects: Iterable[Manifest]) -> Found:
    """Return the identities, and what may be one and cannot be read."""
    found: dict[object, Identity] = {}
    ended: list[Identity] = []
    unread: dict[str, None] = {}
    for each in objects:
        for identity in _of(each):
            if isinstance(identity, str):
                unread[identity] = None
            elif _has_ended(each):
                ended.append(identity)
            else:
                _add(found, identity)
    # A pod that has ended may be of a role that is gone: it counts where nothing else tells of its ServiceAccount
    known = {(each.namespace, each.service_account) for each in found.values()}
    for identity in ended:
        if (identity.namespace, identity.service_account) not in known:
            _add(found, identity)
    ordered = sorted(found.values(), key=lambda each: (each.namespace, each.place.vault, each.service_account))
    return Found(tuple(ordered), tuple(unread))


def _add(found: dict[object, Identity], identity: Identity) -> None:
    known = found.setdefault(identity.key, identity)
    names = tuple(dict.fromkeys([*known.names, *identity.names]))
    prefixes = tuple(dict.fromkeys([*known.prefixes, *identity.prefixes]))
    found[identity.key] = replace(known, names=names, prefixes=prefixes)


def _has_ended(found: Manifest) -> bool:
    """Return whether it is a pod that is over, or ends."""
    phase = (found.get("status") or {}).get("phase")
    return phase in ENDED or bool(found["metadata"].get("deletionTimestamp"))


def _of(found: Manifest) -> Iterator[Identity | str]:
    namespace = str(found["metadata"].get("namespace", "default"))
    template = _template(found)
    spec = template.get("spec") or {}
    for container in (*(spec.get("initContainers") or []), *(spec.get("containers") or [])):
        env = container.get("env") or []
        settings = {str(each["name"]): str(each.get("value") or "") for each in env}
        given = next(filter(None, (settings.get(name) for name in BACKEND)), "")
        vault = ALIASES.get(given, given)
        if elsewhere := _elsewhere(container, vault):
            yield (
                f"{namespace}: the sidecar {container.get('name')!r} of {found['metadata'].get('name')} takes "
                f"{elsewhere}, which is not in the pod, so nobody asked as it; write its settings as values in `env`"
            )
            continue
        if vault not in REALM or settings.get("SECRETS_MODE") == "shared":
            continue
        prefix = settings.get("SECRETS_PREFIX") or f"{settings.get('SECRETS_NAMESPACE') or namespace}/"
        account = str(spec.get("serviceAccountName") or "default")
        identity = Identity(
            namespace=namespace,
            service_account=account,
            place=place(vault, settings),
            credentials=tuple((name, settings[name]) for name in CREDENTIALS[vault] if settings.get(name)),
            prefixes=(prefix,),
            names=(),
            access=_access(namespace, account, template, container, settings),
            placement={field: spec[field] for field in PLACEMENT if spec.get(field)},
        )
        declared = [name.strip() for name in settings.get("SECRETS_NAMES", "").split(",") if name.strip()]
        # A terminal shows names: one that would move its cursor is none of any vault's
        declared = [name if name.isprintable() else repr(name) for name in declared]
        yield replace(identity, names=tuple(map(identity.full, declared)))


def _elsewhere(container: Manifest, vault: str) -> str:
    """Return which settings of a sidecar are kept in a ConfigMap or a Secret, in words; empty if none is."""
    of_vault = (each.get(vault, ()) for each in (REALM, LOCATION, CREDENTIALS))
    decisive = {*BACKEND, *WHOSE, *(name for names in of_vault for name in names)}
    kept = [each["name"] for each in container.get("env") or [] if each["name"] in decisive and _is_kept(each)]
    if vault not in REALM and not {*BACKEND}.intersection(kept) and IMAGE not in str(container.get("image")):
        return ""
    if kept:
        return f"{kept[0]} from a ConfigMap or a Secret"
    return "settings from `envFrom`" if container.get("envFrom") else ""


def _is_kept(variable: Manifest) -> bool:
    return bool({"configMapKeyRef", "secretKeyRef"} & set(variable.get("valueFrom") or ()))


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
