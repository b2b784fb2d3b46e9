"""Pods with a sidecar, as an API server has them, and a cluster that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from secret_access.pods.sidecar_container import container, token_volume
from secret_access.probe import asking, job

Manifest = dict[str, Any]
VALUE = "the-value-that-nobody-may-see"
FOLDER = "/var/run/secrets/secret-access/aws"


def env(**settings: str) -> list[Manifest]:
    listed = [{"name": name, "value": value} for name, value in settings.items()]
    return [*listed, {"name": "SECRETS_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]


def settings_of(namespace: str, names: str = "database-password", **more: str) -> dict[str, str]:
    return {
        "SECRETS_BACKEND": "aws",
        "SECRETS_NAMESPACE": namespace,
        "SECRETS_PREFIX": f"{namespace}/",
        "SECRETS_NAMES": names,
        "SECRETS_PORT": "8080",
        "AWS_REGION": "eu-west-1",
        "AWS_ROLE_ARN": f"arn:aws:iam::111122223333:role/{namespace}",
        **more,
    }


def pod(namespace: str, name: str = "app-1", **settings: str) -> Manifest:
    """As the API server returns one that runs: with its defaults, and the token that it mounts."""
    sidecar = container(
        image="registry/secret-sidecar:1", env=env(**settings_of(namespace, **settings)), token_folder=FOLDER
    )
    token = {"name": "kube-api-access-x", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    sidecar["volumeMounts"].append(token)
    return {
        "metadata": {
            "namespace": namespace,
            "name": name,
            "labels": {"app.kubernetes.io/name": "shop", "secret-access/sidecar": "secret-access"},
            "annotations": {"eks.amazonaws.com/skip-containers": "app,secrets", "team": "a"},
        },
        "spec": {
            "serviceAccountName": "secret-access",
            "initContainers": [sidecar],
            "containers": [{"name": "app", "image": "shop", "volumeMounts": [token]}],
            "volumes": [token_volume("sts.amazonaws.com", 3600), {"name": "kube-api-access-x", "projected": {}}],
            "nodeSelector": {"disk": "fast"},
            "tolerations": [{"key": "spot", "operator": "Exists"}],
            "hostname": "app-1",
        },
    }


Answering = Callable[[str, str], Mapping[str, Any]]
"""Of a namespace and a name, what the sidecar answers."""
REQUEST = {"request_id": "r-1", "identity": "arn:aws:sts::111122223333:assumed-role/x/y"}
DENIED = {
    "status": 403,
    "type": "urn:secret-access:problem:denied",
    "backend": "aws",
    "code": "AccessDeniedException",
    "detail": "refused",
    **REQUEST,
}


def isolated(namespace: str, name: str) -> Mapping[str, Any]:
    """What a cloud answers that keeps namespaces apart."""
    return {"status": 200} if name.startswith(f"{namespace}/") else DENIED


AT = "2026-01-01T00:00:00Z"


def uid_of(made: Mapping[str, Any]) -> str:
    return f"uid of {made['metadata']['namespace']}/{made['metadata']['name']}"


def asked_by(made: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The places and names that a Job asks for."""
    (asker,) = made["spec"]["template"]["spec"]["containers"]
    arguments = [each.replace("$$", "$") for each in asker["args"][2:]]
    return [(each["place"], name) for each in asking.places(arguments) for name in each["names"]]


class FakeCluster:
    """A cluster whose Jobs end at once, with the answers that it is told to give."""

    def __init__(self, there: list[Manifest], answering: Answering = isolated) -> None:
        self.there = there
        self.answering = answering
        self.made: list[Manifest] = []
        self.deleted: list[tuple[str, str]] = []
        self.ends = True
        self.made_at = datetime.now(UTC)
        self.admit: Callable[[Manifest], Manifest] = dict
        """What admission makes of a pod's spec."""

    @property
    def left(self) -> list[Manifest]:
        """The Jobs that nobody has deleted."""
        gone = set(self.deleted)
        return [each for each in self.made if (each["metadata"]["namespace"], each["metadata"]["name"]) not in gone]

    def read_all(self, path: str) -> Iterator[Manifest]:
        *_, where, kind = ("", *path.split("/"))
        for each in self.there:
            if kind == each.get("plural", "pods") and (
                f"/namespaces/{each['metadata']['namespace']}/" in path or where == "v1"
            ):
                yield each

    def create(self, *objects: Mapping[str, Any]) -> list[Manifest]:
        self.made += map(dict, objects)
        return [{**each, "metadata": {**each["metadata"], "uid": uid_of(each)}} for each in objects]

    def find(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Manifest]:
        if kind != "pods":
            return []
        wanted = dict(each.split("=") for each in selector.split(","))
        state = (
            {"terminated": {"exitCode": 0}}
            if self.ends
            else {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
        )
        return [
            {
                "metadata": {
                    **each["metadata"],
                    "creationTimestamp": self.made_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
                    "ownerReferences": [{"kind": "Job", "uid": uid_of(each), "controller": True}],
                },
                "spec": self.admit(json.loads(json.dumps(each["spec"]["template"]["spec"]))),
                "status": {"phase": "Pending", "containerStatuses": [{"name": job.CONTAINER, "state": state}]},
            }
            for each in self.left
            if each["metadata"]["namespace"] == namespace and wanted.items() <= each["metadata"]["labels"].items()
        ]

    def logs(self, pod: str, namespace: str, container: str | None = None) -> str:  # noqa: ARG002 as Kubectl has it
        (made,) = [
            each for each in self.made if each["metadata"]["name"] == pod and each["metadata"]["namespace"] == namespace
        ]
        return "".join(
            json.dumps({"place": place, "name": name, "at": AT, **self.answering(namespace, name)}) + "\n"
            for place, name in asked_by(made)
        )

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:  # noqa: ARG002 as Kubectl has it
        self.deleted.append((str(namespace), name))

    def run(self, *arguments: str) -> str:  # noqa: ARG002 as Kubectl has it
        return "https://cluster.example Y2VydGlmaWNhdGU="
