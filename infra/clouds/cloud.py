"""What the program asks of a cloud. One class per cloud has its settings, and says what is its own of a stack."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi

from secret_access import InvalidSetting, SecretAccess
from secret_access.pods.sidecar_settings import Backend
from section import Section

Arguments = dict[str, Any]
"""Arguments of a component by name."""


@dataclass(frozen=True)
class Kubernetes:
    """How Pulumi reaches the cluster."""

    context: str
    kubeconfig: str | None = None
    """Path of the kubeconfig, from the project's folder; none: as kubectl finds it."""


@dataclass(frozen=True)
class ClusterOutputs:
    """The outputs of a cluster's stack."""

    name: str
    kubernetes: Kubernetes
    own: Mapping[str, str]
    """Those of the cloud."""

    def output(self, name: str, key: str) -> str:
        """Return an output that not every cluster's stack has; raises `InvalidSetting` for the key that needs it."""
        if name not in self.own:
            raise InvalidSetting(
                f"secret-access:{key}: the stack of the cluster {self.name} has no output {name}: given "
                f"{sorted(self.own)}, expected {name} too; set what makes it in the file of that stack, and run it"
            )
        return self.own[name]


def later(cluster: pulumi.Output[ClusterOutputs], name: str, key: str) -> pulumi.Output[str]:
    """Return an output of the cluster's stack, as `ClusterOutputs.output` has it, once it is known."""
    return cluster.apply(lambda known: known.output(name, key))


def identity_name(cluster: str, namespace: str) -> str:
    """Return the name of a namespace's identity, one of its own in an account that several clusters share.

    Where the cluster's name has a `-`, an `_` ends it: `blue-test` and `a` would be `blue` and `test-a` otherwise.
    """
    return f"secret-access-{cluster}{'_' if '-' in cluster else '-'}{namespace}"


class Cloud(ABC):
    """The account, project, subscription or server that a stack is for."""

    name: ClassVar[str]
    """The value of `secret-access:cloud`, and the key that has the settings."""
    backend: ClassVar[Backend]
    same: ClassVar[tuple[str, ...]]
    """Settings that the cluster's stack exports, and that must be the same in an environment on it."""
    needed: ClassVar[tuple[str, ...]]
    """Further outputs of the cluster's stack that an environment needs."""
    optional: ClassVar[tuple[str, ...]] = ()
    """Outputs that the cluster's stack may have."""

    @abstractmethod
    def cluster_arguments(self, top: Section) -> Arguments:
        """Return what a cluster's file says of the trust in its tokens."""

    @abstractmethod
    def environment_arguments(self, top: Section) -> Arguments:
        """Return the arguments that all namespaces of an environment share."""

    @abstractmethod
    def namespace_arguments(self, section: Section, shared: Arguments) -> Arguments:
        """Return a namespace's arguments that other clouds do not have; `shared`: those of the environment."""

    @abstractmethod
    def provider(self) -> pulumi.ProviderResource:
        """Return the provider for the stack's account, after asking the cloud whose credentials these are.

        No other resource of the stack is registered before, so Kubernetes stays untouched too. Raises `WrongAccount`
        unless the credentials are of the stack's account, and `NotReached` where the cloud did not answer.
        """

    @abstractmethod
    def trust(self, name: str, arguments: Arguments, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.Input[str]]:
        """Create the cloud's trust in a cluster; return the outputs that its environments need, but for `same`."""

    @abstractmethod
    def access(
        self,
        name: str,
        arguments: Arguments,
        cluster: pulumi.Output[ClusterOutputs],
        opts: pulumi.ResourceOptions,
    ) -> SecretAccess:
        """Create a namespace's identity, of the name that the namespace has."""

    def exported(self) -> dict[str, str]:
        """Return the settings that an environment compares."""
        return {name: getattr(self, name) for name in self.same}
