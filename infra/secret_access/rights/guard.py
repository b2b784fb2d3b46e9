"""An admission policy by which only those who deploy may use a namespace's identity, even where RBAC lets others."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from .. import checks
from ..arguments import Arguments
from ..injection.admission_policy import INJECTION_LABEL
from ..inputs import children_of, lift
from . import checks as rights_checks
from . import guard_policy


class ServiceAccountGuardArgs(TypedDict):
    """Arguments of ServiceAccountGuard."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace, which must exist. Example: `test`."""
    deployer_groups: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Groups that may use the identity, as the API server sees them: the pipeline's, that of this program itself, and
    those of operators that make pods there. Deployer groups or users must name somebody. Default: none.
    Example: `["deployers"]`."""
    deployer_users: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Users that may use the identity. Default: none. Example: `["system:serviceaccount:ci:deployer"]`."""
    service_account_names: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ServiceAccounts that have an identity. Default: `["secret-access"]`."""
    injection_label: NotRequired[pulumi.Input[str]]
    """A label by which an admission policy lets a pod run as the ServiceAccount: only deployers may set it to another
    value than `false`. Default: `secret-access/inject`, that of SidecarInjection."""
    all_pods: NotRequired[pulumi.Input[bool]]
    """An admission policy lets every pod run as the ServiceAccount that does not have that label's value `false`: only
    deployers may create those. Default: false, as SidecarInjection's own `all_pods`."""
    policy_name: NotRequired[pulumi.Input[str]]
    """Name of the policy and of its binding, unique in the cluster. Default: `secret-access-guard-` and the
    namespace."""
    labels: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Labels of the policy and its binding. Default: none. Example: `{"team": "a"}`."""


class ServiceAccountGuard(pulumi.ComponentResource):
    """Reserves a namespace's identity for deployers; users with the roles `edit` and `admin` cannot use it.

    Creates a ValidatingAdmissionPolicy and its binding (Kubernetes 1.30 or newer). Only deployers may create or change
    a pod, or a template that Kubernetes makes pods of, that runs as the ServiceAccount; ask for its tokens; and exec,
    attach, forward ports or add ephemeral containers in the namespace.
    """

    namespace: pulumi.Output[str]
    """The guarded namespace, known once the guard is there."""
    policy_name: pulumi.Output[str]
    """Name of the policy and of its binding."""

    def __init__(self, name: str, args: ServiceAccountGuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"ServiceAccountGuard {name!r}", args, ServiceAccountGuardArgs)
        namespace = given.take("namespace", checks.namespace)
        groups = given.check(_deployers("deployer_groups"), given.get("deployer_groups"), namespace)
        users = given.check(_deployers("deployer_users"), given.get("deployer_users"), namespace)
        users = given.check(partial(rights_checks.some, "deployer_"), users, groups)
        accounts = given.take("service_account_names", rights_checks.accounts, ["secret-access"])
        label = given.named("injection_label", rights_checks.label, INJECTION_LABEL)
        all_pods = given.named("all_pods", checks.flag, False)
        policy_name = given.check(_policy_name, given.get("policy_name"), namespace)
        labels = given.take("labels", checks.labels, {})
        super().__init__("secret-access:index:ServiceAccountGuard", name, {}, opts)
        child = children_of(self, opts)

        metadata: Any = {"name": policy_name, "labels": labels}
        policy_spec: Any = lift(guard_policy.policy, accounts, users, groups, label, all_pods)
        binding_spec: Any = lift(guard_policy.binding, policy_name, namespace)
        policy = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
            f"{name}-policy", metadata=metadata, spec=policy_spec, opts=child
        )
        binding = k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            f"{name}-binding",
            metadata=metadata,
            spec=binding_spec,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
        )
        complete = pulumi.Output.all(namespace, policy_name, binding.id)
        self.namespace = complete.apply(lambda known: str(known[0]))
        self.policy_name = complete.apply(lambda known: str(known[1]))
        self.register_outputs({"namespace": self.namespace, "policyName": self.policy_name})


def _deployers(argument: str) -> Any:
    def check(given: object, namespace: str) -> list[str]:
        return rights_checks.deployers(argument, [] if given is None else given, namespace)

    return check


def _policy_name(given: object, namespace: str) -> str:
    name = f"secret-access-guard-{namespace}" if given is None else given
    return rights_checks.object_name("policy_name", name, "secret-access-guard-test")
