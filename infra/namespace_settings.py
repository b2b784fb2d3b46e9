"""What a stack's file says of a namespace and its workloads."""

from dataclasses import dataclass, field
from functools import partial
from itertools import permutations
from typing import Any

from clouds.cloud import Arguments, Cloud
from namespaces import ENFORCE
from secret_access import WorkloadKind, checks
from secret_access.pods import checks as pod_checks
from secret_access.pods import injection_checks, kinds, sidecar_container, sidecar_settings, workload_spec
from secret_access.pods.pod_template import app_container
from secret_access.pods.sidecar_settings import Backend
from secret_names.vaults import EXACT, Spelling
from section import Missing, Section, invalid

PATTERN = "restricted|baseline|privileged"
LEVELS = "restricted, baseline or privileged"


@dataclass(frozen=True)
class Workload:
    """A workload with the sidecar."""

    name: str
    image: str | None = None
    """None: `pod` has the containers."""
    replicas: int | str | None = 1
    """A number, or `autoscaled`. None: the kind has no number of pods."""
    env: dict[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    writable_root: bool | None = None
    """None: `pod` decides, and without it the root filesystem is read-only."""
    kind: WorkloadKind = WorkloadKind.DEPLOYMENT
    annotations: dict[str, str] = field(default_factory=dict)
    pod: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Namespace:
    """A namespace and its access."""

    name: str
    exists: bool = False
    pod_security: str = "restricted"
    """The Pod Security Standard that its pods must meet."""
    arguments: Arguments = field(default_factory=dict)
    """Of its access component: those that the file gives, and `secret_prefix`."""
    workloads: tuple[Workload, ...] = ()

    @property
    def secret_prefix(self) -> str:
        """The prefix of its secrets."""
        return str(self.arguments["secret_prefix"])


def namespace(name: str, section: Section, cloud: Cloud, shared: Arguments) -> Namespace:
    """Read a namespace of the stack's file; `shared` are the arguments that all of its namespaces have."""
    section.checked("", checks.namespace, name)
    exists = section.flag("exists", default=False)
    arguments = {
        **_secrets(name, section, cloud.backend),
        **_arguments(section, cloud),
        **cloud.namespace_arguments(section, shared),
    }
    settings = Namespace(
        name=name,
        exists=exists,
        pod_security=_pod_security(section, exists=exists),
        arguments=arguments,
        workloads=tuple(
            _workload(workload, keys, {"namespace": name, **_known(arguments)})
            for workload, keys in section.section("workloads", {}).sections().items()
        ),
    )
    section.close()
    return settings


def _secrets(name: str, section: Section, backend: Backend) -> Arguments:
    """Return the prefix, which a namespace `a--b` has to name, and the declared names."""
    given = section.take("secret_prefix", None)
    key = "" if given is None else "secret_prefix"
    prefix = section.checked(key, partial(checks.secret_prefix, backend.spelling, namespace=name), given)
    declared = partial(
        checks.declared_secrets, backend.spelling, prefix=prefix, are_exact_granted=backend.are_exact_granted
    )
    return {"secret_prefix": prefix, **section.given({"secrets": declared})}


def _arguments(section: Section, cloud: Cloud) -> Arguments:
    """Return the arguments that the components of all clouds take."""
    arguments = section.given(
        {
            "service_account_name": checks.service_account_name,
            "existing_service_account": partial(checks.flag, "existing_service_account"),
            "access": checks.access,
            "token_expiration_seconds": pod_checks.token_lifetime,
            "port": pod_checks.sidecar_port,
            "sidecar_env": partial(sidecar_settings.sidecar_env, backend=cloud.backend),
            "sidecar_resources": partial(checks.resources, "sidecar_resources"),
            "sidecar_user": _sidecar_user,
            "sidecar_files": partial(pod_checks.sidecar_files, taken=cloud.backend.token_folder),
            "image_pull_policy": pod_checks.pull_policy,
            "image_pull_secrets": pod_checks.pull_secrets,
            "metrics_namespaces": partial(checks.namespaces, "metrics_namespaces"),
            "labels": checks.labels,
        }
    )
    if arguments.get("existing_service_account") and "image_pull_secrets" in arguments:
        section.checked("image_pull_secrets", pod_checks.no_pull_secrets, arguments["image_pull_secrets"])
    return arguments


def _sidecar_user(given: object) -> object:
    """Return the user, a number or `platform`, as the component takes it."""
    pod_checks.sidecar_user("sidecar_user", given)
    return given


def _pod_security(section: Section, *, exists: bool) -> str:
    """Return the level; for a namespace that exists it would be ignored, since its labels are left as they are."""
    given: str | None = section.text("pod_security", None, pattern=PATTERN, example=LEVELS)
    if given and exists:
        raise invalid(
            section.key("pod_security"),
            given,
            "nothing beside exists: true, since such a namespace is never changed",
            f"leave it out, or run kubectl label namespace NAME {ENFORCE}={given}",
        )
    return given or "restricted"


def _known(arguments: Arguments) -> dict[str, Any]:
    """Return what is known of the access that workloads get, for their pod templates to be checked."""
    url = sidecar_container.url(arguments.get("port", sidecar_container.DEFAULT_PORT))
    return {"url": url, **{key: value for key, value in arguments.items() if key == "service_account_name"}}


def _workload(name: str, section: Section, access: dict[str, Any]) -> Workload:
    kind = section.checked("kind", kinds.kind, section.take("kind", WorkloadKind.DEPLOYMENT))
    section.checked("", partial(pod_checks.workload_name, longest=kinds.LONGEST_NAME.get(kind, 63)), name)
    ports = section.take("ports", [])
    settings = Workload(
        name=name,
        image=section.text("image", None if "pod" in section else Missing, example="registry.example/shop:1.4.2"),
        replicas=_replicas(section, kind),
        env=section.checked(
            "env",
            lambda own: pod_checks.app_env(own, access["url"]),
            section.mapping("env", "LOG_LEVEL: info"),
        ),
        ports=tuple(section.checked("ports", lambda own: pod_checks.app_ports(own, access["url"]), ports)),
        writable_root=section.flag("writable_root", default=False) if "writable_root" in section else None,
        kind=kind,
        annotations=section.checked("annotations", pod_checks.annotations, section.take("annotations", {})),
        pod=section.take("pod", {}),
        spec=section.checked("spec", partial(workload_spec.own_spec, kind), section.take("spec", {})),
    )
    section.checked("pod", partial(_check_pod, settings, access), settings.pod)
    section.close()
    return settings


def _check_pod(workload: Workload, access: dict[str, Any], pod: object) -> None:
    """Refuse what the component would refuse once the namespace and its identity are made."""
    app = app_container(
        image=workload.image,
        env=workload.env,
        ports=workload.ports,
        resources=None,
        writable_root=workload.writable_root,
    )
    injection_checks.check_known(workload_spec.template(workload.kind, pod, app, workload.name), access)


def _replicas(section: Section, kind: WorkloadKind) -> int | str | None:
    if kind not in kinds.SCALED:
        if "replicas" in section:
            section.checked("replicas", partial(kinds.no_replicas, kind), section.take("replicas", None))
        return None
    if section.take("replicas", 1) == pod_checks.AUTOSCALED:
        return pod_checks.AUTOSCALED
    return section.number("replicas", default=1)


def check_prefixes_are_apart(section: Section, namespaces: tuple[Namespace, ...], spelling: Spelling) -> None:
    """Refuse prefixes of which one covers another, as the vault spells them: else one namespace reads another's.

    The same of names that only `exact:` can spell, which are granted one by one wherever they are.
    """
    prefixes = {namespace.name: spelling.spelled(namespace.secret_prefix) for namespace in namespaces}
    exact = {namespace.name: _exact_names(namespace, spelling) for namespace in namespaces}
    by_name = {namespace.name: namespace for namespace in namespaces}
    for one, other in checks.covered(prefixes):
        raise invalid(
            f"{section.key(other)}.secret_prefix",
            by_name[other].secret_prefix,
            f"one that {by_name[one].secret_prefix} of the namespace {one} does not cover",
            f"else {one} reads the secrets of {other}",
        )
    for one, other in permutations(by_name, 2):
        for name in exact[other]:
            if name.startswith(prefixes[one]):
                raise invalid(
                    f"{section.key(other)}.secrets",
                    EXACT + name,
                    f"one that {by_name[one].secret_prefix} of the namespace {one} does not cover",
                    f"leave it out, else {other} reads a secret of {one}",
                )


def _exact_names(namespace: Namespace, spelling: Spelling) -> list[str]:
    """Return the declared names that only `exact:` can spell, without it."""
    declared = namespace.arguments.get("secrets", ())
    full = [spelling.full_name(name, namespace.secret_prefix) for name in declared if name.startswith(EXACT)]
    return [spelling.spelled(name) for name in full if name.startswith(EXACT)]
