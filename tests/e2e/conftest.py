"""The laptop environment, up for the whole run; afterwards up if it was, but rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local import clouds, cluster, host, selection, stacks
from local.__main__ import tools_folder
from local.aws.cloud import AWS
from local.cloud import Cloud
from local.isolation import Cell
from local.kubectl import Kubectl
from local.stacks import Pulumi
from local.up import ask_everything, up


@dataclass(frozen=True)
class Environment:
    """What the tests work with: kubectl, Pulumi on the local stacks, and the matrix that `up` asked for."""

    kubectl: Kubectl
    pulumi: Pulumi
    cells: list[Cell]

    def ask(self, namespace: str, name: str, cloud: Cloud = AWS) -> dict[str, Any]:
        """Ask a cloud for a secret from inside a namespace's app container."""
        return cluster.ask(self.kubectl, cluster.running_pod(self.kubectl, cloud, namespace), name)

    def ask_everything(self, *asked: Cloud) -> list[Cell]:
        """The matrix of these clouds, of AWS if none are given, asked again."""
        return ask_everything(self.kubectl, self.pulumi, asked or (AWS,))

    def destroy(self, name: str) -> None:
        """Remove an environment from every cloud; AWS last, whose stack has the namespace."""
        for cloud in reversed(clouds.wanted()):
            self.pulumi.destroy(cloud.environment_stacks[name])

    def pod(self, namespace: str, cloud: Cloud = AWS) -> str:
        """A running pod of a namespace's app that asks a cloud."""
        return cluster.running_pod(self.kubectl, cloud, namespace).name

    def python(self, namespace: str, container: str, program: str, *arguments: str) -> str:
        """Run a Python program inside a container of a namespace's app for AWS and return what it prints."""
        command = ("python3", "-c", program, *arguments)
        return self.kubectl("exec", "-n", namespace, self.pod(namespace), "-c", container, "--", *command)


@pytest.fixture(scope="session")
def environment() -> Iterator[Environment]:
    """Up with every cloud before the first test.

    Left up only if it was up before, with the clouds that it had, and without what a person had made in it by hand.
    """
    stacks.unset_foreign_variables()
    tools = tools_folder()
    before = selection.started_with() if host.running() else ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOUD", selection.EVERY)
        if before != selection.wanted():
            down()
        try:
            yield Environment(Kubectl(tools), Pulumi(tools), up(tools))
        finally:
            if before:
                patch.setenv("CLOUD", before[0] if len(before) == 1 else selection.EVERY)
                if selection.wanted() != selection.NAMES:
                    down()
                up(tools)
            else:
                down()


def down() -> None:
    """End the machine, if it is up."""
    with host.claim():
        host.stop()


@pytest.fixture(scope="session")
def role_arns(environment: Environment) -> dict[str, str]:
    """Each namespace's role, from the stacks' outputs."""
    return {
        namespace: environment.pulumi.outputs(stack)["namespaces"][namespace]["identity"]
        for namespace, stack in AWS.environment_stacks.items()
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run test_undoing.py last, whatever the other files are called: it takes the environment away."""
    items.sort(key=lambda item: item.path.name == "test_undoing.py")
