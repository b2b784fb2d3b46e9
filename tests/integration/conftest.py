"""The real parts that the stand-ins are tested against: Pulumi's engine, a Kubernetes API server, MiniStack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local import plugins
from tests.integration import packaged
from tests.integration.packaged import Repository
from tests.integration.real_parts import ApiServer, MiniStack, Stack
from tests.integration.yaml_host import command as yaml_host_command


def _built(*names: str) -> Path:
    """The folder of pinned tools; what is not built yet is built."""
    built = subprocess.run([sys.executable, "tools/build.py", *names], stdout=subprocess.PIPE, text=True, check=True)
    return Path(built.stdout.strip())


@pytest.fixture(scope="session")
def tools() -> Path:
    """The engine, and Kubernetes' control plane."""
    return _built("pulumi", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@pytest.fixture(scope="session")
def kubectl_command() -> str:
    """The path of kubectl."""
    return str(_built("kubectl") / "kubectl")


@pytest.fixture(scope="session")
def real_kubernetes_plugin() -> Path:
    """The folder of Pulumi's own Kubernetes plugin."""
    return _built("pulumi-resource-kubernetes")


@pytest.fixture(scope="session")
def kube_router() -> Path:
    """An engine of NetworkPolicies."""
    return _built("kube-router") / "kube-router"


@pytest.fixture(scope="session")
def external_secrets() -> Path:
    """The folder of the External Secrets Operator and of its CustomResourceDefinitions."""
    return _built("external-secrets")


@pytest.fixture(scope="session")
def yaml_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Pulumi's language host for YAML."""
    host = _built("pulumi-language-yaml") / "pulumi-language-yaml"
    return yaml_host_command(host, tmp_path_factory.mktemp("yaml") / "bin")


@pytest.fixture(scope="session")
def nodejs_sdk() -> Path:
    """Pulumi's generator of SDKs for Node.js, as a command."""
    return _built("pulumi-nodejs-sdk") / "pulumi-nodejs-sdk"


@pytest.fixture(scope="session")
def node_packages() -> Path:
    """The folder with the npm packages that examples/typescript pins; what is not installed yet is installed."""
    installed = subprocess.run([sys.executable, "tools/node.py"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(installed.stdout.strip())


@pytest.fixture(scope="module", params=["standin", "real"])
def kubernetes_plugin(request: pytest.FixtureRequest) -> plugins.Choice:
    """What uses it runs with the Kubernetes plugin's stand-in, then with the real one that is built here."""
    if request.param == "standin":
        return plugins.Choice(plugins.KUBERNETES, plugins.KUBERNETES.standin, None)
    return plugins.Choice(plugins.KUBERNETES, _built("pulumi-resource-kubernetes"), "built here")


@pytest.fixture(scope="module")
def ministack() -> Iterator[MiniStack]:
    """An AWS that is empty at first: what the tests of a file leave in it is in no other file's way."""
    with MiniStack.running() as running:
        yield running


@pytest.fixture(scope="session")
def api_server(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A Kubernetes API server with its controllers and without nodes."""
    with ApiServer.running(tools, tmp_path_factory.mktemp("kubernetes")) as running:
        yield running


@pytest.fixture
def stack(tools: Path, tmp_path: Path) -> Stack:
    """A Pulumi project of one program, with a stack that has nothing yet."""
    return Stack.made(tools, tmp_path, os.environ)


@pytest.fixture
def another_stack(tools: Path, tmp_path: Path) -> Callable[[str], Stack]:
    """Make one more project beside the first."""
    return lambda name: Stack.made(tools, tmp_path / name, os.environ)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """This repository with a tag, on a server of its own."""
    with Repository.served(tmp_path_factory.mktemp("git")) as served:
        yield served


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An emptied home folder, in which Pulumi has nothing but the clouds' plugins; each file fills one of its own."""
    folder = tmp_path_factory.mktemp("home")
    packaged.add_standins(folder / ".pulumi", packaged.versions_in_python())
    return folder


@pytest.fixture
def consumer(
    tools: Path,
    repository: Repository,
    home: Path,
    ministack: MiniStack,
    api_server: ApiServer,
    tmp_path: Path,
) -> Stack:
    """A project of somebody else's."""
    return packaged.consumer(tools, repository, home, ministack, api_server, tmp_path / "project")


@pytest.fixture
def yaml_consumer(consumer: Stack, yaml_host: Path) -> Stack:
    """The same, with Pulumi's language host for YAML."""
    path = os.pathsep.join([str(yaml_host), consumer.env["PATH"]])
    return replace(consumer, env={**consumer.env, "PATH": path})


@pytest.fixture
def namespace(request: pytest.FixtureRequest, kubernetes_plugin: plugins.Choice) -> str:
    """A name for a namespace that no other test has, nor this one with the other plugin."""
    test = request.node.originalname.removeprefix("test_").replace("_", "-")
    return f"{'real' if kubernetes_plugin.real else 'standin'}-{test}"[:63].rstrip("-")
