"""Pods that serve secrets beyond localhost, hand the sidecar's token to the application, or run an image by tag."""

from collections.abc import Mapping
from typing import Any

from tests.infra.policy.cases.case import Case, Program, one

SIDECAR: dict[str, Any] = {
    "name": "secrets",
    "image": "localhost/secret-sidecar:dev",
    "restartPolicy": "Always",
    "env": [{"name": "SECRETS_BACKEND", "value": "aws"}, {"name": "SECRETS_PREFIX", "value": "pods/"}],
    "volumeMounts": [{"name": "secret-access-token", "mountPath": "/var/run/secrets/secret-access"}],
}
TOKEN: dict[str, Any] = {
    "name": "secret-access-token",
    "projected": {"sources": [{"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}]},
}
APP: dict[str, Any] = {"name": "app", "image": "localhost/app:dev"}
IN_PODS: dict[str, Any] = {"name": "shop", "namespace": "pods"}
MOUNTS: dict[str, Any] = {**APP, "volumeMounts": [{"name": "secret-access-token", "mountPath": "/token"}]}
OTHER_TOKEN: dict[str, Any] = {**TOKEN, "name": "mine"}
SHARED_MODE: dict[str, Any] = {**SIDECAR, "env": [*SIDECAR["env"], {"name": "SECRETS_MODE", "value": "shared"}]}
DIGEST = "registry.example/shop@sha256:" + "0" * 64


def pod(app: Mapping[str, Any] = APP, sidecar: Mapping[str, Any] = SIDECAR, **more: Any) -> dict[str, Any]:
    """The spec of a pod with a sidecar."""
    return {"initContainers": [sidecar], "containers": [app], "volumes": [TOKEN], **more}


def deployment(spec: Mapping[str, Any], **template: Any) -> Program:
    """A Deployment of such pods."""
    made = {"metadata": {}, **template, "spec": spec}
    return one("kubernetes:apps/v1:Deployment", metadata=IN_PODS, spec={"template": made})


PODS = [
    Case(
        "sidecar-beyond-localhost",
        "the shared mode beside an application",
        "it",
        "the sidecar secrets of Deployment shop has SECRETS_MODE=shared",
        deployment(pod(sidecar=SHARED_MODE)),
        deployment(pod()),
    ),
    Case(
        "sidecar-beyond-localhost",
        "the node's network",
        "it",
        "the sidecar secrets of Pod shop is in a pod with hostNetwork",
        one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec=pod(hostNetwork=True)),
        one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec=pod()),
    ),
    Case(
        "sidecar-beyond-localhost",
        "a port of the node, in a CronJob",
        "it",
        "the sidecar secrets of CronJob shop has a hostPort",
        one(
            "kubernetes:batch/v1:CronJob",
            metadata=IN_PODS,
            spec={
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": pod({**APP, "ports": [{"containerPort": 8080, "hostPort": 8080}]})},
                    }
                }
            },
        ),
        one(
            "kubernetes:batch/v1:CronJob",
            metadata=IN_PODS,
            spec={"jobTemplate": {"spec": {"template": {"spec": pod({**APP, "ports": [{"containerPort": 3000}]})}}}},
        ),
    ),
    Case(
        "token-in-application",
        "the sidecar's volume",
        "it",
        "the container app of StatefulSet shop mounts secret-access-token",
        one("kubernetes:apps/v1:StatefulSet", metadata=IN_PODS, spec={"template": {"spec": pod(MOUNTS)}}),
        one("kubernetes:apps/v1:StatefulSet", metadata=IN_PODS, spec={"template": {"spec": pod()}}),
    ),
    Case(
        "token-in-application",
        "another volume for the same audience",
        "it",
        "the container app of DaemonSet shop mounts mine",
        one(
            "kubernetes:apps/v1:DaemonSet",
            metadata=IN_PODS,
            spec={
                "template": {
                    "spec": pod(
                        {**APP, "volumeMounts": [{"name": "mine", "mountPath": "/token"}]}, volumes=[TOKEN, OTHER_TOKEN]
                    )
                }
            },
        ),
        one("kubernetes:apps/v1:DaemonSet", metadata=IN_PODS, spec={"template": {"spec": pod()}}),
    ),
    Case(
        "token-in-application",
        "processes that are shared, in a list of Jobs",
        "it",
        "Job shop has shareProcessNamespace",
        one(
            "kubernetes:batch/v1:JobList",
            items=[
                {"kind": "Job", "metadata": IN_PODS, "spec": {"template": {"spec": pod(shareProcessNamespace=True)}}}
            ],
        ),
        one(
            "kubernetes:batch/v1:JobList",
            items=[{"kind": "Job", "metadata": IN_PODS, "spec": {"template": {"spec": pod()}}}],
        ),
    ),
    Case(
        "token-in-application",
        "Azure's webhook",
        "it",
        "Deployment shop has the label azure.workload.identity/use, which mounts a token in app",
        deployment(
            pod(),
            metadata={
                "labels": {"azure.workload.identity/use": "true"},
                "annotations": {"azure.workload.identity/skip-containers": "secrets"},
            },
        ),
        deployment(
            pod(),
            metadata={
                "labels": {"azure.workload.identity/use": "true"},
                "annotations": {"azure.workload.identity/skip-containers": "secrets; app"},
            },
        ),
    ),
    Case(
        "image-by-tag",
        "a tag",
        "it",
        "the container app runs registry.example/shop:1.4.2",
        deployment({"containers": [{**APP, "image": "registry.example/shop:1.4.2"}]}),
        deployment({"containers": [{**APP, "image": DIGEST}]}),
    ),
]
