"""Checks of pods and ServiceAccounts, also for workloads that others wrote."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from ..checks import LABEL, SERVICE_ACCOUNT, distinct, invalid, match, text_mapping, texts, whole_number
from .sidecar_container import HEALTH_PORT

SKIP_ANNOTATION = "eks.amazonaws.com/skip-containers"
AZURE_SKIP_ANNOTATION = "azure.workload.identity/skip-containers"
BETWEEN_SKIPPED = {SKIP_ANNOTATION: ",", AZURE_SKIP_ANNOTATION: ";"}
"""By the annotation of a webhook, what stands between the names of the containers that it leaves alone."""
URL_VARIABLE = "SECRETS_URL"
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
NO_PROXY = ("NO_PROXY", "no_proxy")
AUTOSCALED = "autoscaled"
"""In the place of a number of pods: an autoscaler sets it."""
PLATFORM = "platform"
"""In the place of the sidecar's user: the platform assigns one."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
FILES = '{"/etc/ca": {"configMap": {"name": "ca"}}}'
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
FILE_SOURCES = ("configMap", "csi", "emptyDir", "projected", "secret")
PROGRAM = (
    *("/app", "/bin", "/dev", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr/bin", "/usr/lib", "/usr/lib64"),
    *("/usr/local/bin", "/usr/local/lib", "/usr/sbin"),
)
"""Where the sidecar's image has the program, Python and its libraries, and where the kernel's file systems are."""
WHOLE_FOLDERS = ("/etc", "/etc/ssl")
"""Folders of the image in which files may be mounted, and over which nothing may be."""
PATH = re.compile(r"(/[A-Za-z0-9._-]+)+")
VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")


def service_account_annotations(
    where: str,
    annotations: Mapping[str, str] | None,
    expected: Mapping[str, str],
    refused: Mapping[str, str],
) -> None:
    """Refuse an existing ServiceAccount without the annotations that name its identity, or with one of those refused.

    `refused` says of each what it would do.
    """
    present = annotations or {}
    namespace, _, name = where.partition("/")
    command = f"kubectl annotate --overwrite serviceaccount -n {namespace} {name}"
    for annotation, wanted in expected.items():
        value = present.get(annotation)
        if value != wanted:
            what = "names another identity in the" if value else "has no"
            raise invalid(
                f"the existing ServiceAccount {where} {what} annotation {annotation}",
                value,
                wanted,
                f"run {command} {annotation}={wanted}",
            )
    for annotation, consequence in refused.items():
        if annotation in present:
            raise invalid(
                f"the existing ServiceAccount {where} has an annotation by which {consequence}",
                f"{annotation}={present[annotation]}",
                f"no annotation {annotation}",
                f"run {command} {annotation}-",
            )


def pull_policy(policy: object) -> str | None:
    """Return when an image is pulled (Kubernetes, "Images", "Image pull policy"); None leaves it to Kubernetes."""
    if policy is None or policy in PULL_POLICIES:
        return None if policy is None else str(policy)
    raise invalid("image_pull_policy", policy, f"one of {', '.join(PULL_POLICIES)}", "leave it out for Kubernetes' own")


def pull_secrets(given: object) -> list[str]:
    """Return names of Secrets with a registry's credentials."""
    return distinct(
        "image_pull_secrets",
        [
            match(SERVICE_ACCOUNT, "image_pull_secrets", name, "the name of a Secret, such as registry", "correct it")
            for name in texts("image_pull_secrets", given, '["registry"]')
        ],
    )


def no_pull_secrets(given: object) -> None:
    """Refuse them beside an existing ServiceAccount, which belongs to others."""
    raise invalid(
        "image_pull_secrets beside existing_service_account",
        given,
        "no image_pull_secrets: an existing ServiceAccount is never changed",
        "add them to the ServiceAccount itself, under imagePullSecrets",
    )


def token_volume(sidecar: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the sidecar if the pod has each volume that it mounts; the API server would refuse the pod, after `up`."""
    mounted = {mount["name"] for mount in sidecar.get("volumeMounts", [])}
    present = {volume["name"] for volume in volumes}
    if not mounted or mounted - present:
        raise invalid(
            "the pod has no volume with the sidecar's token",
            sorted(present),
            f"a list with {', '.join(sorted(mounted)) or 'a projected serviceAccountToken'}",
            "pass the output volumes of the access component beside its output sidecar",
        )
    return sidecar


def app_containers(given: object) -> list[str]:
    """Return names of containers; a text with a comma or semicolon would be two for a webhook, which splits there."""
    return [
        match(LABEL, "app_containers", name, "the name of one container, such as web", "give each an item of its own")
        for name in texts("app_containers", given, '["web", "worker"]')
    ]


def app_ports(given: object, url: str | None) -> list[int]:
    """Return ports of the app: the containers of a pod share them, and the second to ask for one fails to start.

    `url` is the sidecar's; None where there is none.
    """
    if not isinstance(given, list | tuple) or not all(isinstance(port, int | float) for port in given):
        raise invalid("ports", given, "a list of numbers such as [3000]", "write each port as a number")
    taken = {int(url.rpartition(":")[2]): "serves secrets", HEALTH_PORT: "serves health"} if url else {}
    ports = []
    for port in given:
        number = whole_number("ports", port, "ports from 1 to 65535", "correct it", least=1, most=65535)
        if use := taken.get(number):
            raise invalid(
                "ports",
                number,
                f"ports other than this one, where the sidecar {use}",
                "let the app use another, or set port of the access component",
            )
        if number in ports:
            raise invalid("ports", number, "each port once, and this one is there twice", "remove one")
        ports.append(number)
    return ports


def app_env(given: object, url: str) -> dict[str, str]:
    """Return the app's variables; the component itself sets `SECRETS_URL`, and NO_PROXY beside a proxy."""
    env = text_mapping("env", given, '{"LOG_LEVEL": "info"}')
    if URL_VARIABLE in env:
        raise invalid(
            f"env sets {URL_VARIABLE}",
            env[URL_VARIABLE],
            f"an env without it: it is set to {url}, where the secrets are",
            "remove it, or set port of the access component if the app needs another",
        )
    for name in env:
        match(VARIABLE, "env", name, "the name of a variable, such as LOG_LEVEL", "correct it")
    return env


def no_proxy(env: Mapping[str, str | None], hosts: Sequence[str] = LOOPBACK) -> dict[str, str]:
    """Return NO_PROXY for an app behind a proxy; without it, clients would ask the proxy for the secrets.

    `hosts` are those that the app asks: the sidecar's, or the shared service's.

    Clients differ in which case they read, so both are set; each keeps its value, or takes the other's. A value of None
    is one that a ConfigMap or a Secret has: such a proxy counts, and such an exception is left as it is.
    """
    if not any(name in env and env[name] != "" for name in PROXIES):
        return {}
    exceptions = {}
    for name, other in (("NO_PROXY", "no_proxy"), ("no_proxy", "NO_PROXY")):
        if name in env and env[name] is None:
            continue
        given = [host.strip() for host in (env.get(name) or env.get(other) or "").split(",") if host.strip()]
        missing = [] if "*" in given else [host for host in hosts if host not in given]
        exceptions[name] = ",".join([*given, *missing])
    return exceptions


def outline(given: object) -> object:
    """Return what a message may show of a part of a manifest: the names of fields, and no text, which may be secret."""
    if isinstance(given, Mapping):
        return sorted(map(str, given))
    if isinstance(given, list | tuple):
        return [outline(item) for item in given]
    return "a text" if isinstance(given, str) else given


def annotations(given: object) -> dict[str, str]:
    """Return annotations of an object."""
    return text_mapping("annotations", given, '{"pulumi.com/skipAwait": "true"}')


def replicas(given: object) -> int | None:
    """Return a number of pods; None where an autoscaler sets it: each `up` would set back what it decided."""
    if given == AUTOSCALED:
        return None
    fix = f"leave it out for 1, or write {AUTOSCALED} to leave the number to an autoscaler"
    return whole_number("replicas", given, "a whole number, 0 or more", fix, least=0)


def sidecar_user(argument: str, user: object) -> int | None:
    """Return the user that the sidecar runs as: a number other than root's, or None where the platform assigns one."""
    if user == PLATFORM:
        return None
    fix = f"leave it out for 65532, or write {PLATFORM} to leave the user to the platform"
    if user == 0:
        raise invalid(argument, user, "a user other than root", fix)
    return whole_number(argument, user, "the number of a user", fix, least=1, most=2**31 - 1)


def sidecar_files(given: object, taken: str) -> dict[str, dict[str, Any]]:
    """Return volume sources by the path that each is mounted at; `taken` is the path of the token."""
    expected = f"the source of a volume by an absolute path, such as {FILES}"
    fix = "spell it as in a pod's manifest, without the volume's name"
    if not isinstance(given, Mapping):
        raise invalid("sidecar_files", given, expected, fix)
    for path, source in given.items():
        if not isinstance(path, str) or not PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise invalid("sidecar_files", path, "an absolute path without . and .., such as /etc/ca", "correct it")
        if any(_overlap(path, part) for part in PROGRAM) or path in WHOLE_FOLDERS:
            expected = f"a path that hides nothing of the sidecar's image: none at, in or above {', '.join(PROGRAM)}"
            raise invalid("sidecar_files", path, expected, "use another, such as /etc/ca")
        clear_of([path], taken, "the token is")
        if not _is_file_source(source):
            fix = f"give one of {', '.join(FILE_SOURCES)}"
            raise invalid("sidecar_files", source, f"the source of a volume, such as {FILES}", fix)
    return {path: dict(source) for path, source in given.items()}


def clear_of(paths: Iterable[str], folder: str, what: str) -> None:
    """Refuse paths of files at, in or above a folder that the component itself mounts; `what` says what is there."""
    for path in paths:
        if _overlap(path, folder):
            expected = f"a path that is not at, in or above {folder}, where {what}"
            raise invalid("sidecar_files", path, expected, "use another, such as /etc/ca")


def _is_file_source(source: object) -> bool:
    if not isinstance(source, Mapping) or len(source) != 1:
        return False
    ((kind, settings),) = source.items()
    return kind in FILE_SOURCES and isinstance(settings, Mapping)


def is_in(path: str, folder: str) -> bool:
    """Tell whether a file is below a folder."""
    return any(a.is_relative_to(b) and a != b for a in _places(path) for b in _places(folder))


def _overlap(one: str, other: str) -> bool:
    """Tell whether one path is the other, or is in it."""
    return any(a.is_relative_to(b) or b.is_relative_to(a) for a in _places(one) for b in _places(other))


def _places(path: str) -> list[PurePosixPath]:
    """Return a path as it is, and as it is reached too: in the image `/var/run` is a link to `/run`."""
    return [PurePosixPath(path), PurePosixPath(re.sub(r"\A/var/run(?=/|\Z)", "/run", path))]


def workload_name(name: object, longest: int = 63) -> str:
    """Return the name of a workload, which is the value of a label too (RFC 1123 label)."""
    expected, fix = f"up to {longest} lowercase letters, digits and -", "set workload_name, such as shop"
    checked = match(LABEL, "workload_name", name, expected, fix)
    if len(checked) > longest:
        raise invalid("workload_name", name, expected, fix)
    return checked


def token_lifetime(seconds: object) -> int:
    """Return seconds: at least 600 (Kubernetes) and at most 86400 (EKS)."""
    return whole_number(
        "token_expiration_seconds",
        seconds,
        "a whole number from 600 to 86400",
        "leave it out for 3600, one hour",
        least=600,
        most=86400,
    )


def sidecar_port(port: object) -> int:
    """Return a port for an unprivileged process; 8081 is the sidecar's for health."""
    expected, fix = "1024 to 65535 without 8081, which is for health", "leave it out for 8080"
    if port == HEALTH_PORT:
        raise invalid("port", port, expected, fix)
    return whole_number("port", port, expected, fix, least=1024, most=65535)
