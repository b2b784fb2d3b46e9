"""The outputs that an environment reads from its cluster's stack."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from secret_access import InvalidSetting
from settings import Aws, Kubernetes

NAMES = ("name", "oidc_provider_arn", "account_id", "region", "kubernetes")


@dataclass(frozen=True)
class ClusterOutputs:
    """The outputs of a cluster's stack."""

    name: str
    oidc_provider_arn: str
    kubernetes: Kubernetes


def cluster_outputs(stack: str, aws: Aws, outputs: Mapping[str, Any]) -> ClusterOutputs:
    """Return the outputs, if they are complete and of the environment's own account and region.

    Raises `InvalidSetting`; the outputs of a stack that is no cluster's may be secret, so their values are not shown.
    """
    missing = [name for name in NAMES if not outputs.get(name)]
    if missing:
        raise InvalidSetting(
            f"secret-access:cluster: the stack {stack!r} has no output {missing[0]}: given {sorted(outputs)}, expected "
            f"a stack with kind: cluster that is up; run pulumi up --stack {stack}, or correct the name"
        )
    for name in ("name", "oidc_provider_arn"):
        if not isinstance(outputs[name], str):
            raise _another_form(stack, name, _type_of(outputs[name]), "a text")
    for name, expected in (("account_id", aws.account_id), ("region", aws.region)):
        if outputs[name] != expected:
            raise InvalidSetting(
                f"secret-access:aws.{name}: given {expected!r}, expected {outputs[name]!r}, as in the cluster's stack "
                f"{stack!r}; correct it here or there"
            )
    return ClusterOutputs(
        name=outputs["name"],
        oidc_provider_arn=outputs["oidc_provider_arn"],
        kubernetes=_kubernetes(stack, outputs["kubernetes"]),
    )


def _kubernetes(stack: str, output: object) -> Kubernetes:
    """Return the output `kubernetes`, if it has the form that a cluster's program exports."""
    expected = "the texts context and, if it is set, kubeconfig"
    if not isinstance(output, Mapping):
        raise _another_form(stack, "kubernetes", _type_of(output), expected)
    if not {"context"} <= set(output) <= {field.name for field in fields(Kubernetes)}:
        raise _another_form(stack, "kubernetes", f"the keys {sorted(map(str, output))}", expected)
    for name, value in output.items():
        if not isinstance(value, str):
            raise _another_form(stack, "kubernetes", f"{name}, {_type_of(value)}", expected)
    return Kubernetes(**output)


def _another_form(stack: str, name: str, given: str, expected: str) -> InvalidSetting:
    return InvalidSetting(
        f"secret-access:cluster: the output {name} of the stack {stack!r} has another form: given {given}, "
        f"expected {expected}; run pulumi up --stack {stack} with this program, or correct the name"
    )


def _type_of(value: object) -> str:
    return f"a value of type {type(value).__name__}"
