"""What pods and ServiceAccounts trip over; also for workloads that somebody else wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..checks import LABEL, invalid, match
from .sidecar_container import HEALTH_PORT

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
SKIP_ANNOTATION = "eks.amazonaws.com/skip-containers"
URL_VARIABLE = "SECRETS_URL"


def service_account_annotation(where: str, annotations: Mapping[str, str] | None, role_arn: str) -> str:
    """An existing ServiceAccount must name the role: whoever reads the cluster, and the EKS webhook, go by it."""
    given = (annotations or {}).get(ROLE_ANNOTATION)
    if given != role_arn:
        namespace, _, name = where.partition("/")
        raise invalid(
            f"the existing ServiceAccount {where} has {'another' if given else 'no'} annotation {ROLE_ANNOTATION}",
            given,
            role_arn,
            f"run kubectl annotate --overwrite serviceaccount -n {namespace} {name} {ROLE_ANNOTATION}={role_arn}",
        )
    return role_arn


def token_volume(sidecar: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Every volume that the sidecar mounts must be in the pod, or the API server refuses the pod long after `up`."""
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


def skipped_containers(annotations: Mapping[str, str], containers: Sequence[str]) -> Mapping[str, str]:
    """The EKS webhook must leave every container alone, or the app gets a token of its own for the role."""
    given = annotations.get(SKIP_ANNOTATION)
    if given is not None and (missing := [name for name in containers if name not in given.split(",")]):
        raise invalid(
            f"the annotation {SKIP_ANNOTATION} leaves out {', '.join(missing)}",
            given,
            ",".join(containers),
            "list every container of the pod in app_containers of the access component",
        )
    return annotations


def app_ports(ports: Sequence[float], url: str) -> list[int]:
    """The containers of a pod share its ports: the second to ask for one fails to start."""
    taken = {int(url.rpartition(":")[2]): "serves secrets", HEALTH_PORT: "serves health"}
    for port in ports:
        if use := taken.get(int(port)):
            raise invalid(
                "ports",
                int(port),
                f"ports other than this one, where the sidecar {use}",
                "let the app use another, or set port of the access component",
            )
    return [int(port) for port in ports]


def app_env(env: Mapping[str, str], url: str) -> dict[str, str]:
    """The app's own variables: `SECRETS_URL` is not theirs, or the app would ask somebody else for its secrets."""
    if URL_VARIABLE in env:
        raise invalid(
            f"env sets {URL_VARIABLE}",
            env[URL_VARIABLE],
            f"an env without it: it is set to {url}, the sidecar's address",
            "remove it, or set port of the access component if the app needs another",
        )
    return dict(env)


def workload_name(name: object) -> str:
    """The name of a Deployment, which is the value of a label too (RFC 1123 label)."""
    return match(
        LABEL, "workload_name", name, "up to 63 lowercase letters, digits and -", "set workload_name, such as shop"
    )


def token_lifetime(seconds: object) -> int:
    """At least 600 (Kubernetes) and at most 86400 (EKS); numbers arrive as floats from other languages."""
    if isinstance(seconds, int | float) and 600 <= seconds <= 86400 and seconds == int(seconds):
        return int(seconds)
    raise invalid(
        "token_expiration_seconds", seconds, "a whole number from 600 to 86400", "leave it out for 3600, one hour"
    )


def sidecar_port(port: object) -> int:
    """A port for an unprivileged process; 8081 is the sidecar's for health."""
    if isinstance(port, int | float) and 1024 <= port <= 65535 and port != 8081:
        return int(port)
    raise invalid("port", port, "1024 to 65535 without 8081, which is for health", "leave it out for 8080")
