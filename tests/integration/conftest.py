"""The real parts that the stand-ins are tested against: Pulumi's engine, a Kubernetes API server, MiniStack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import plugins
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


@pytest.fixture
def namespace(request: pytest.FixtureRequest, kubernetes_plugin: plugins.Choice) -> str:
    """A name for a namespace that no other test has, nor this one with the other plugin."""
    test = request.node.originalname.removeprefix("test_").replace("_", "-")
    return f"{'real' if kubernetes_plugin.real else 'standin'}-{test}"[:63].rstrip("-")
