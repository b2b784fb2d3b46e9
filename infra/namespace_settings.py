"""What a stack's file says of a namespace and its workloads."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from namespaces import ENFORCE
from secret_access import Access, InvalidArgument, checks
from secret_access.aws import checks as aws_checks
from secret_access.aws import environment as aws_environment
from secret_access.pods import checks as pod_checks
from secret_access.pods import sidecar_container, sidecar_settings
from section import Section, invalid

AUTOSCALED = "autoscaled"
PLATFORM = "platform"
PATTERN = "restricted|baseline|privileged"
LEVELS = "restricted, baseline or privileged"


@dataclass(frozen=True)
class Workload:
    """A Deployment with the sidecar."""

    name: str
    image: str
    replicas: int | None = 1
    """None: a HorizontalPodAutoscaler decides."""
    env: dict[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    writable_root: bool = False


@dataclass(frozen=True)
class Namespace:
    """A namespace and its access."""

    name: str
    exists: bool
    secret_prefix: str
    secrets: tuple[str, ...]
    access: Access
    kms_key_arns: tuple[str, ...]
    policy_arns: tuple[str, ...]
    port: int
    """The sidecar's port on localhost."""
    workloads: tuple[Workload, ...]
    pod_security: str = "restricted"
    """The Pod Security Standard that its pods must meet."""
    role_name: str | None = None
    """None: named after the cluster and the namespace."""
    irsa_annotation: bool = False
    app_containers: tuple[str, ...] = ()
    """Of pods that others deploy; none means one container, `app`."""
    metrics_namespaces: tuple[str, ...] | None = None
    """None: no NetworkPolicy."""
    sidecar_env: dict[str, str] = field(default_factory=dict)
    sidecar_resources: dict[str, dict[str, str]] = field(default_factory=lambda: dict(sidecar_container.RESOURCES))
    sidecar_user: int | None = sidecar_container.USER
    """None: the platform decides."""
    sidecar_files: dict[str, Any] = field(default_factory=dict)


def namespace(name: str, section: Section, account_id: str, region: str) -> Namespace:
    """Read a namespace of the stack's file."""
    partition = aws_checks.partition_of(region)
    section.checked("", checks.namespace, name)
    prefix = section.take("secret_prefix", None)
    if prefix is None:
        prefix = section.checked("", checks.default_prefix, name)
    else:
        spelling = aws_environment.BACKEND.spelling
        section.checked("secret_prefix", lambda given: checks.secret_prefix(spelling, given, name), prefix)
    port = section.checked("port", pod_checks.sidecar_port, section.take("port", sidecar_container.DEFAULT_PORT))
    secrets = section.texts("secrets", "[database-password]")
    exists = section.flag("exists", default=False)
    settings = Namespace(
        name=name,
        exists=exists,
        secret_prefix=prefix,
        secrets=tuple(
            section.checked(
                "secrets",
                lambda names: checks.declared_secrets(aws_environment.BACKEND.spelling, names, prefix),
                secrets,
            )
        ),
        access=section.checked("access", checks.access, section.take("access", "read")),
        kms_key_arns=tuple(
            section.checked(
                "kms_key_arns",
                lambda arns: aws_checks.kms_key_arns(arns, region),
                section.texts("kms_key_arns", "[arn:aws:kms:…]"),
            )
        ),
        policy_arns=tuple(
            section.checked(
                "policy_arns",
                lambda arns: aws_checks.policy_arns(arns, account_id, partition),
                section.texts("policy_arns", "[arn:aws:iam::…]"),
            )
        ),
        port=port,
        pod_security=_pod_security(section, exists=exists),
        role_name=section.checked("role_name", _role_name, section.take("role_name", None)),
        irsa_annotation=section.flag("irsa_annotation", default=False),
        app_containers=tuple(
            section.checked("app_containers", pod_checks.app_containers, section.texts("app_containers", "[web]"))
        ),
        metrics_namespaces=section.checked(
            "metrics_namespaces", _metrics_namespaces, section.take("metrics_namespaces", None)
        ),
        sidecar_env=section.checked(
            "sidecar_env",
            partial(sidecar_settings.sidecar_env, backend=aws_environment.BACKEND),
            section.take("sidecar_env", {}),
        ),
        sidecar_resources=section.checked(
            "sidecar_resources",
            partial(checks.resources, "sidecar_resources"),
            section.take("sidecar_resources", sidecar_container.RESOURCES),
        ),
        sidecar_user=_sidecar_user(section),
        sidecar_files=section.checked(
            "sidecar_files",
            partial(pod_checks.sidecar_files, taken=aws_environment.TOKEN_FOLDER),
            section.take("sidecar_files", {}),
        ),
        workloads=tuple(_workload(*item, port) for item in section.section("workloads", {}).sections().items()),
    )
    section.close()
    return settings


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


def _sidecar_user(section: Section) -> int | None:
    given = section.take("sidecar_user", sidecar_container.USER)
    if given == PLATFORM:
        return None
    try:
        return pod_checks.sidecar_user("sidecar_user", given)
    except InvalidArgument:
        raise invalid(
            section.key("sidecar_user"), given, "the number of a user other than root's", f"or write {PLATFORM}"
        ) from None


def _workload(name: str, section: Section, sidecar_port: int) -> Workload:
    section.checked("", pod_checks.workload_name, name)
    ports = section.take("ports", [])
    address = sidecar_container.url(sidecar_port)
    settings = Workload(
        name=name,
        image=section.text("image", example="registry.example/shop:1.4.2"),
        replicas=_replicas(section),
        env=section.checked(
            "env",
            lambda own: pod_checks.app_env(own, address),
            section.mapping("env", "LOG_LEVEL: info"),
        ),
        ports=tuple(section.checked("ports", lambda own: pod_checks.app_ports(own, address), ports)),
        writable_root=section.flag("writable_root", default=False),
    )
    section.close()
    return settings


def _replicas(section: Section) -> int | None:
    if section.take("replicas", 1) == AUTOSCALED:
        return None
    return section.number("replicas", default=1)


def _role_name(name: object) -> str | None:
    return None if name is None else aws_checks.role_name(name)


def _metrics_namespaces(names: object) -> tuple[str, ...] | None:
    return None if names is None else tuple(checks.namespaces("metrics_namespaces", names))


def check_prefixes_are_apart(section: Section, namespaces: tuple[Namespace, ...]) -> None:
    """Refuse prefixes of which one covers another: its namespace would read the other's secrets."""
    for one in namespaces:
        for other in namespaces:
            if one is not other and other.secret_prefix.startswith(one.secret_prefix):
                raise invalid(
                    section.key(other.name) + ".secret_prefix",
                    other.secret_prefix,
                    f"one that {one.secret_prefix} of the namespace {one.name} does not cover",
                    f"else {one.name} reads the secrets of {other.name}",
                )
