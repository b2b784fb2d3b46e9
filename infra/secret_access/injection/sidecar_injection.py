"""Puts the sidecar into pods that Pulumi does not deploy, by the API server's own admission policies."""

from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from .. import checks
from ..arguments import Arguments
from ..inputs import children_of, lift, output
from ..pods.checks import token_volume
from ..pods.workload import WorkloadAccess
from . import admission_policy
from .admission_policy import INJECTION_LABEL

LONGEST_NAME = 253
"""Of an object (Kubernetes, "Object Names and IDs")."""
OLDER_CLUSTER = (
    "SidecarInjection: the cluster has no MutatingAdmissionPolicy in admissionregistration.k8s.io/v1, expected "
    "Kubernetes 1.36 or newer; on an older one let Pulumi deploy the workload, as a SecretWorkload or by inject_sidecar"
)


class SidecarInjectionArgs(TypedDict):
    """Arguments of SidecarInjection."""

    access: pulumi.Input[WorkloadAccess]
    """The output `workload_access` of the access component. Example: `access.workload_access`."""
    label_value: NotRequired[pulumi.Input[str]]
    """Value of the label `secret-access/inject` by which pods ask for the sidecar: another one for each identity of a
    namespace that has several. Default: `true`. Example: `aws`."""
    all_pods: NotRequired[bool]
    """Every pod of the namespace gets the sidecar, but for those with the label `secret-access/inject: "false"`. Then a
    person who can create any pod there has the identity, unless a ServiceAccountGuard with `all_pods` refuses it.
    Default: false."""


class SidecarInjection(pulumi.ComponentResource):
    """Puts the sidecar into pods of a namespace when they are created, whoever makes them: Argo Rollouts, operators.

    Creates a MutatingAdmissionPolicy, by which the API server makes of each pod that asks what SecretWorkload would
    make, and a ValidatingAdmissionPolicy, by which it refuses pods that cannot have the sidecar, with the reason. No
    webhook runs. Needs Kubernetes 1.36 or newer.
    """

    namespace: pulumi.Output[str]
    """The namespace, known once both policies are there. A new policy takes a second to act."""
    policy_name: pulumi.Output[str]
    """Name of both policies and of their bindings: the ServiceAccount, a dot and the namespace."""
    pod_labels: pulumi.Output[dict[str, str]]
    """The label by which pods ask for the sidecar; empty with `all_pods`."""

    def __init__(self, name: str, args: SidecarInjectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"SidecarInjection {name!r}", args, SidecarInjectionArgs)
        nested = given.nested("access", WorkloadAccess, example="access.workload_access")
        sidecar = given.check(token_volume, nested.get("sidecar"), nested.get("volumes"))
        access: Any = {**{key: nested.get(key) for key in WorkloadAccess.__annotations__}, "sidecar": sidecar}
        policy_name = given.check(_policy_name, access["service_account_name"], access["namespace"])
        all_pods = given.plain("all_pods", partial(checks.flag, "all_pods"), False)
        if all_pods and "label_value" in given:
            given.check(_one_choice, given.get("label_value"))
        asked: Any = None if all_pods else given.take("label_value", _label_value, "true")
        super().__init__("secret-access:index:SidecarInjection", name, {}, opts)
        child = children_of(self, opts)

        metadata: Any = {"name": policy_name}
        injection: Any = lift(admission_policy.injection, access, asked)
        refusal: Any = lift(admission_policy.refusal, access, asked)
        explained = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(f"{name}-older-cluster", explain)])
        # A policy does nothing without a binding: an older cluster refuses the first before any pod is affected, and
        # pods are injected only once those that cannot be are refused
        mutating = k8s.admissionregistration.v1.MutatingAdmissionPolicy(
            f"{name}-policy",
            metadata=metadata,
            spec=injection,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(hooks=explained)),
        )
        validating = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
            f"{name}-refusal", metadata=metadata, spec=refusal, opts=_after(child, mutating)
        )
        refused = k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            f"{name}-refusal-binding",
            metadata=metadata,
            spec={"policy_name": policy_name, "validation_actions": ["Deny"]},
            opts=_after(child, validating),
        )
        injected = k8s.admissionregistration.v1.MutatingAdmissionPolicyBinding(
            f"{name}-binding", metadata=metadata, spec={"policy_name": policy_name}, opts=_after(child, refused)
        )
        complete = pulumi.Output.all(access["namespace"], policy_name, injected.id)
        self.namespace = complete.apply(lambda known: str(known[0]))
        self.policy_name = complete.apply(lambda known: str(known[1]))
        self.pod_labels = output({}) if all_pods else output(lift(_asking, asked))
        self.register_outputs(
            {"namespace": self.namespace, "policyName": self.policy_name, "podLabels": self.pod_labels}
        )


def _after(child: pulumi.ResourceOptions, resource: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[resource]))


def explain(failed: pulumi.ErrorHookArgs) -> bool:
    """Say what to do where the cluster has no such policies: the plugin's own message asks for a CRD."""
    if any("no matches for kind" in error and "MutatingAdmissionPolicy" in error for error in failed.errors):
        pulumi.log.error(OLDER_CLUSTER)
    return False


def _policy_name(account: str, namespace: str) -> str:
    name = admission_policy.policy_name(account, namespace)
    if len(name) > LONGEST_NAME:
        expected = f"a name that is {LONGEST_NAME} characters long with .{namespace}: so the policies are called"
        raise checks.invalid("service_account_name of access", account, expected, "use a shorter one")
    return name


def _label_value(value: object) -> str:
    expected = "the value of a label other than false, such as aws"
    fix = "leave it out for true, or give all_pods for every pod of the namespace"
    if value in (admission_policy.NEVER, ""):
        raise checks.invalid("label_value", value, expected, fix)
    return checks.match(checks.LABEL_VALUE, "label_value", value, expected, fix)


def _one_choice(value: object) -> None:
    raise checks.invalid(
        "label_value beside all_pods", value, "one of them: with all_pods no pod has to ask", "remove one of them"
    )


def _asking(value: str) -> dict[str, str]:
    return {INJECTION_LABEL: value}
