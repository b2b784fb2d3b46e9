"""What pods and ServiceAccounts trip over; also for workloads that somebody else wrote."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..checks import LABEL, invalid, match, text_mapping, texts, whole_number
from .sidecar_container import HEALTH_PORT

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
SKIP_ANNOTATION = "eks.amazonaws.com/skip-containers"
URL_VARIABLE = "SECRETS_URL"
VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")


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


def app_containers(given: object) -> list[str]:
    """Return names of containers; a text with a comma would be two for the webhook, which splits there."""
    return [
        match(LABEL, "app_containers", name, "the name of one container, such as web", "give each an item of its own")
        for name in texts("app_containers", given, '["web", "worker"]')
    ]


def app_ports(given: object, url: str) -> list[int]:
    """Return ports of the app: the containers of a pod share them, and the second to ask for one fails to start."""
    if not isinstance(given, list | tuple) or not all(isinstance(port, int | float) for port in given):
        raise invalid("ports", given, "a list of numbers such as [3000]", "write each port as a number")
    taken = {int(url.rpartition(":")[2]): "serves secrets", HEALTH_PORT: "serves health"}
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
    """Return the app's own variables: `SECRETS_URL` is not among them, and names what the sidecar serves."""
    env = text_mapping("env", given, '{"LOG_LEVEL": "info"}')
    if URL_VARIABLE in env:
        raise invalid(
            f"env sets {URL_VARIABLE}",
            env[URL_VARIABLE],
            f"an env without it: it is set to {url}, the sidecar's address",
            "remove it, or set port of the access component if the app needs another",
        )
    for name in env:
        match(VARIABLE, "env", name, "the name of a variable, such as LOG_LEVEL", "correct it")
    return env


def replicas(given: object) -> int:
    """Return a number of pods."""
    fix = "leave it out for 1, or give None to leave the number to an autoscaler"
    return whole_number("replicas", given, "a whole number, 0 or more", fix, least=0)


def workload_name(name: object) -> str:
    """Return the name of a Deployment, which is the value of a label too (RFC 1123 label)."""
    return match(
        LABEL, "workload_name", name, "up to 63 lowercase letters, digits and -", "set workload_name, such as shop"
    )


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
