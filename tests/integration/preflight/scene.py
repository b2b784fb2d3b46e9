"""A cluster without fault, and the issuer that a cloud would ask; a test makes one fault in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from local.pki import Certificate
from local.progress import wait_for
from local.standins.kube_client import Client
from secret_access.kubectl import Kubectl
from secret_access.preflight import live
from secret_access.preflight.check import Check
from tests.free_port import free_port
from tests.integration.https_server import Answers, https_server
from tests.integration.real_parts import ApiServer
from tests.sidecar.support.certificates import Authority

Object = dict[str, Any]
DISCOVERY, KEYS = "/.well-known/openid-configuration", "/openid/v1/jwks"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
HOST = "127.0.0.1"
GOOD = "preflight-good"


@dataclass(frozen=True)
class Scene:
    """A cluster, and the issuer that a cloud would ask."""

    kubectl: Kubectl
    cluster: ApiServer
    answers: Answers
    hooks: Answers
    hooks_url: str
    authority: Path
    """That of the issuer's certificate."""
    expired: Certificate
    """A certificate of the same authority that has ended."""
    stranger: Certificate
    """A certificate of an authority that nobody trusts."""

    @classmethod
    @contextmanager
    def running(cls, tools: Path, kubectl_command: str, folder: Path) -> Iterator[Self]:
        """Nothing is wrong with it."""
        for name in ("issuer", "stranger"):
            (folder / name).mkdir()
        trusted, other = Authority(folder / "issuer"), Authority(folder / "stranger")
        port, hooks_port = free_port(), free_port()
        with ExitStack() as started:
            cluster = started.enter_context(ApiServer.running(tools, folder, issuer=f"https://{HOST}:{port}"))
            certificate = _certificate(trusted, folder / "issuer")
            kubectl = Kubectl(kubeconfig=str(cluster.kubeconfig), command=kubectl_command)
            document = json.loads(kubectl.raw(DISCOVERY)) | {"jwks_uri": f"https://{HOST}:{port}{KEYS}"}
            answers = Answers(certificate, {DISCOVERY: document, KEYS: json.loads(kubectl.raw(KEYS))})
            hooks = Answers(certificate)
            started.enter_context(https_server(answers, port))
            started.enter_context(https_server(hooks, hooks_port))
            made = cls(
                kubectl,
                cluster,
                answers,
                hooks,
                f"https://{HOST}:{hooks_port}/",
                trusted.bundle,
                _certificate(trusted, folder / "issuer", days=-1),
                _certificate(other, folder / "stranger"),
            )
            made.namespace(GOOD)
            yield made

    def of_issuer(self, late: timedelta = timedelta()) -> dict[str, list[Check]]:
        """What is found of the issuer, by id."""
        return by_id(live.of_issuer(self.kubectl, str(self.authority), lambda: live.local_time() + late))

    def of_namespaces(self, *namespaces: str) -> dict[str, list[Check]]:
        """What is found in namespaces, and of webhooks, by id."""
        return by_id([*live.of_webhooks(self.kubectl), *live.of_namespaces(self.kubectl, namespaces, "app")])

    @property
    def client(self) -> Client:
        """As the cluster's admin."""
        return self.cluster.client

    def make(self, path: str, body: Object) -> None:
        self.client.request("POST", path, body)

    def namespace(self, name: str) -> str:
        """A namespace that enforces Pod Security, once pods can be made in it."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.make("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        wait_for("the namespace's ServiceAccount", lambda: self.client.get(account) is not None)
        return name


def _certificate(authority: Authority, folder: Path, days: int = 1) -> Certificate:
    authority.server(HOST, days)  # makes the file, which has the key too
    path = folder / f"{HOST}-{days}.pem"
    return Certificate(path, path)


def by_id(checks: Iterable[Check]) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in checks:
        found.setdefault(check.id, []).append(check)
    return found


def only(found: dict[str, list[Check]], check: str) -> Check:
    (one,) = found[check]
    return one
