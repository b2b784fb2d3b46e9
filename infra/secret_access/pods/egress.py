"""What a namespace's pods may reach: the vault and DNS, and no metadata server."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from .. import checks
from ..arguments import Arguments
from ..inputs import children_of, lift, output
from . import egress_checks, network_policy


class PodEgressArgs(TypedDict):
    """Arguments of PodEgress."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace, which must exist. Example: `test`."""
    pod_labels: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Labels of the pods that are limited. Default: none, all pods of the namespace. Example: `{"app": "shop"}`."""
    cidrs: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Addresses that the pods may reach on `ports`: a NetworkPolicy knows no host names. Addresses of metadata servers
    are left out of each. Default: `["0.0.0.0/0", "::/0"]`. Example: `["10.20.0.0/24"]`, an endpoint in your network."""
    ports: NotRequired[pulumi.Input[Sequence[pulumi.Input[int]]]]
    """TCP ports of the vault, and of what gives identities there. Default: `[443]`. Example: `[8200]`."""
    dns: NotRequired[pulumi.Input[bool]]
    """The pods may ask any address on port 53. Default: true."""
    pod_identity_agent: NotRequired[pulumi.Input[bool]]
    """The pods may reach the agent of EKS Pod Identity on their node. Default: false."""
    further: NotRequired[pulumi.Input[Sequence[Mapping[str, Any]]]]
    """Further egress rules, spelled as in a manifest, for what else the application uses. Default: none.
    Example: `[{"to": [{"podSelector": {"matchLabels": {"app": "database"}}}]}]`."""
    policy_name: NotRequired[pulumi.Input[str]]
    """Name of the NetworkPolicy, unique in the namespace. Default: `secret-access-egress`."""


class PodEgress(pulumi.ComponentResource):
    """Limits what a namespace's pods reach to the vault, DNS and what you add; no metadata server, and no other pod.

    Creates a NetworkPolicy, which the cluster's network plugin must enforce. It holds for the whole pod: the
    application reaches what the sidecar reaches.
    """

    namespace: pulumi.Output[str]
    """The namespace."""
    policy_name: pulumi.Output[str]
    """Name of the NetworkPolicy."""

    def __init__(self, name: str, args: PodEgressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"PodEgress {name!r}", args, PodEgressArgs)
        namespace = given.take("namespace", checks.namespace)
        labels = given.take("pod_labels", partial(egress_checks.labels, "pod_labels"), {})
        cidrs = given.take("cidrs", egress_checks.cidrs, list(network_policy.ANYWHERE))
        ports = given.take("ports", egress_checks.ports, [443])
        dns = given.named("dns", checks.flag, True)
        agent = given.named("pod_identity_agent", checks.flag, False)
        further = given.take("further", egress_checks.rules, [])
        policy_name = given.take("policy_name", egress_checks.policy_name, "secret-access-egress")
        super().__init__("secret-access:index:PodEgress", name, {}, opts)
        spec: Any = lift(network_policy.egress_policy, labels, cidrs, ports, dns, agent, further)
        policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata={"name": policy_name, "namespace": namespace},
            spec=spec,
            opts=children_of(self, opts),
        )
        self.namespace = output(namespace)
        self.policy_name = pulumi.Output.all(policy_name, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"namespace": self.namespace, "policyName": self.policy_name})
