"""Start and drive the real parts that conftest.py hands to the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import boto3

from local import pki, plugins
from local.progress import wait_for
from local.standins.errors import ApiError
from local.standins.kube_client import Client
from local.standins.kubeconfig import access
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import resources
from tests.free_port import free_port

ACCOUNT = "111122223333"


@contextmanager
def process(*command: str | Path, log: Path, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, by its own id, when the block is left."""
    with log.open("wb") as output:
        running = subprocess.Popen([*map(str, command)], stdout=output, stderr=output, env=env)
        try:
            yield running
        finally:
            running.terminate()
            running.wait()


def died(running: subprocess.Popen[bytes], log: Path) -> str | None:
    """Why it is useless to wait for a process."""
    return None if running.poll() is None else f"exited with {running.returncode}: {log.read_text()[-2000:]}"


def descendants(pid: int) -> list[Path]:
    """The processes that a process has started, and those that these have, as folders of /proc."""
    children: set[str] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended meanwhile
            children.update(task.read_text().split())
    return [path for child in sorted(children) for path in (Path("/proc", child), *descendants(int(child)))]


@dataclass(frozen=True)
class MiniStack:
    """A running MiniStack."""

    url: str

    @classmethod
    @contextmanager
    def running(cls, *command: str) -> Iterator[MiniStack]:
        """Start it, or the command that serves it with more, on a free port of the loopback."""
        url = f"http://127.0.0.1:{(port := free_port())}"
        env = {
            **os.environ,
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "GATEWAY_PORT": str(port),
        }

        def healthy() -> bool:
            try:
                with urlopen(f"{url}/_ministack/health") as answer:  # noqa: S310 — our own URL
                    return bool(answer.status == 200)
            except OSError:
                return False

        log = Path(os.devnull)
        with TemporaryDirectory() as folder:
            env |= {"STATE_DIR": f"{folder}/state", "TMPDIR": folder}  # else all that run share what they keep
            with process(*(command or (Path(sys.prefix) / "bin" / "ministack",)), log=log, env=env) as ministack:
                wait_for("MiniStack", healthy, still_possible=lambda: died(ministack, log))
                yield cls(url)

    def client(self, service: str, account: str = ACCOUNT) -> Any:
        """A boto3 client of an account's root."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="test",
        )


@dataclass(frozen=True)
class ApiServer:
    """A running API server."""

    kubeconfig: Path
    client: Client
    authority: pki.Authority

    @classmethod
    @contextmanager
    def running(cls, tools: Path, folder: Path, *flags: str, issuer: str = "https://127.0.0.1") -> Iterator[ApiServer]:
        """Start etcd, the API server, with more flags, and the controllers on free ports of the loopback."""
        etcd, peers, port = free_port(), free_port(), free_port()
        authority = pki.Authority(folder)
        server = authority.server("server", addresses=["127.0.0.1"], hosts=["localhost"], common_name="kube-apiserver")
        admin = authority.client("admin", "admin", "system:masters")
        signing, public = pki.service_account_keys(folder)
        kubeconfig = authority.kubeconfig(folder / "kubeconfig", admin, f"https://127.0.0.1:{port}")
        client = Client(access(str(kubeconfig)))

        def ready() -> bool:
            try:
                return client.get("/api/v1/namespaces/default/serviceaccounts/default") is not None
            except ApiError:
                return False

        with ExitStack() as started:
            started.enter_context(
                process(
                    "etcd",
                    f"--data-dir={folder / 'etcd'}",
                    f"--listen-client-urls=http://127.0.0.1:{etcd}",
                    f"--advertise-client-urls=http://127.0.0.1:{etcd}",
                    f"--listen-peer-urls=http://127.0.0.1:{peers}",
                    "--unsafe-no-fsync",
                    log=folder / "etcd.log",
                )
            )
            api_server = started.enter_context(
                process(
                    tools / "kube-apiserver",
                    f"--etcd-servers=http://127.0.0.1:{etcd}",
                    "--bind-address=127.0.0.1",
                    f"--secure-port={port}",
                    f"--client-ca-file={authority.cert}",
                    f"--tls-cert-file={server.cert}",
                    f"--tls-private-key-file={server.key}",
                    f"--service-account-key-file={public}",
                    f"--service-account-signing-key-file={signing}",
                    f"--service-account-issuer={issuer}",
                    "--service-cluster-ip-range=10.0.0.0/24",
                    "--authorization-mode=RBAC",
                    "--endpoint-reconciler-type=none",
                    *flags,
                    log=folder / "apiserver.log",
                )
            )
            started.enter_context(
                process(
                    tools / "kube-controller-manager",
                    f"--kubeconfig={kubeconfig}",
                    f"--service-account-private-key-file={signing}",
                    f"--root-ca-file={authority.cert}",
                    "--use-service-account-credentials=true",
                    "--leader-elect=false",
                    "--secure-port=0",
                    log=folder / "controllers.log",
                )
            )
            wait_for("the API server", ready, still_possible=lambda: died(api_server, folder / "apiserver.log"))
            yield cls(kubeconfig, client, authority)
            client.close()

    def user(self, name: str, group: str | None = None) -> Client:
        """A client whose certificate names a user and a group: no rights but those that somebody binds to them."""
        at = f"https://{self.client.access.host}:{self.client.access.port}"
        certificate = self.authority.client(f"user-{name}", name, group)
        path = self.authority.folder / f"user-{name}.kubeconfig"
        return Client(access(str(self.authority.kubeconfig(path, certificate, at))))

    def open_keys(self) -> None:
        """Let anybody read the issuer's keys, as whoever is to trust its tokens has to."""
        group = {"apiGroup": "rbac.authorization.k8s.io"}
        binding = {
            "metadata": {"name": "open-keys"},
            "roleRef": {**group, "kind": "ClusterRole", "name": "system:service-account-issuer-discovery"},
            "subjects": [{**group, "kind": "Group", "name": "system:unauthenticated"}],
        }
        try:
            self.client.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:  # they may be open already
                raise

    def say_of_pods(self, namespace: str, status: dict[str, Any]) -> None:
        """Say of every pod of a namespace how it is, as a kubelet would."""
        pods = f"/api/v1/namespaces/{namespace}/pods"
        for pod in self.client.request("GET", pods)["items"]:
            del pod["metadata"]["resourceVersion"]  # controllers write to it too
            self.client.request("PUT", f"{pods}/{pod['metadata']['name']}/status", {**pod, "status": status})


@dataclass(frozen=True)
class Previewed:
    """What a preview shows of a program whose documents are proven isolated."""

    created: set[str]
    """Types of what is created."""
    warnings: list[str]
    namespaces: dict[str, int]
    """How many were judged, by cloud."""


@dataclass(frozen=True)
class Stack:
    """A Pulumi project with the real engine; its program is written by the test."""

    folder: Path
    env: Mapping[str, str]

    @classmethod
    def made(
        cls, tools: Path, folder: Path, env: Mapping[str, str], kubernetes: Path = plugins.KUBERNETES.standin
    ) -> Stack:
        """A project in a folder of its own, state and all, that is blind to the person's own settings.

        ``kubernetes``: the folder of the Kubernetes plugin, real or not; the others are stand-ins.
        """
        (folder / "state").mkdir(parents=True)
        project = {
            "name": "inline",
            "runtime": {"name": "python", "options": {"toolchain": "uv", "virtualenv": sys.prefix}},
        }
        (folder / "Pulumi.yaml").write_text(json.dumps(project))
        theirs = ("PULUMI_", "AWS_", "AZURE_", "ARM_", "GOOGLE_", "VAULT_", "BAO_", "KUBECONFIG")
        clean = {key: value for key, value in env.items() if not key.startswith(theirs)}
        folders = (plugins.PYTHON.standin, *(cloud.standin for cloud in plugins.OF_CLOUD.values()), kubernetes, tools)
        own = {
            "PATH": os.pathsep.join([*map(str, folders), env["PATH"], *plugins.uv_folder()]),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        stack = cls(folder, {**clean, **own})
        stack.pulumi("stack", "init", "only")
        return stack

    def program(self, text: str) -> None:
        """Write the program."""
        (self.folder / "__main__.py").write_text(textwrap.dedent(text))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run pulumi beside the test."""
        command = ["pulumi", "--non-interactive", "--color=never", *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run pulumi; what it prints."""
        running = self.start(*arguments)
        printed = running.communicate()[0]
        assert bool(running.returncode) == fails, f"pulumi {' '.join(arguments)}: {running.returncode}\n{printed}"
        return printed

    def up(self, *, fails: bool = False) -> str:
        """Bring the stack to what the program says."""
        return self.pulumi("up", "--yes", "--skip-preview", fails=fails)

    def previewed(self) -> Previewed:
        """Preview what the program says, and evaluate its documents as `secret-access evaluate` does."""
        command = ["pulumi", "preview", "--json", "--non-interactive"]
        done = subprocess.run(command, cwd=self.folder, env=self.env, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        preview = json.loads(done.stdout)
        created = {step["newState"]["type"] for step in preview["steps"] if step["op"] == "create"}
        said = [each["message"] for each in preview.get("diagnostics", []) if each["severity"] == "warning"]
        verdicts = evaluate(resources(done.stdout), {}, ())
        for verdict in verdicts:
            assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())
        return Previewed(created, said, {verdict.cloud: len(verdict.namespaces) for verdict in verdicts})

    def outputs(self) -> dict[str, Any]:
        """What the program exports."""
        outputs: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", "--show-secrets"))
        return outputs

    def state(self) -> dict[str, Any]:
        """The resources as the engine remembers them, by name."""
        exported = json.loads(self.pulumi("stack", "export"))
        return {entry["urn"].split("::")[-1]: entry for entry in exported["deployment"].get("resources", [])}
