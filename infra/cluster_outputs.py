"""The outputs that an environment reads from its cluster's stack."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from clouds import Cloud, ClusterOutputs
from clouds.cloud import Kubernetes
from secret_access import InvalidSetting


def cluster_outputs(stack: str, cloud: Cloud, outputs: Mapping[str, Any]) -> ClusterOutputs:
    """Return the outputs, if they are complete and of the environment's own cloud, account and region.

    Raises `InvalidSetting`; the outputs of a stack that is no cluster's may be secret, so their values are not shown.
    """
    optional = [name for name in cloud.optional if name in outputs]
    texts = ("name", "cloud", *cloud.needed, *cloud.same, *optional)
    if outputs.get("cloud", cloud.name) != cloud.name and "name" in outputs:
        raise InvalidSetting(
            f"secret-access:cluster: the stack {stack!r} is of another cloud: given {outputs['cloud']!r}, expected "
            f"{cloud.name!r}, as secret-access:cloud says; name the stack of this cloud's own trust in the cluster"
        )
    missing = [name for name in (*texts, "kubernetes") if outputs.get(name) is None]
    if missing:
        raise InvalidSetting(
            f"secret-access:cluster: the stack {stack!r} has no output {missing[0]}: given {sorted(outputs)}, expected "
            f"a stack with kind: cluster that is up; run pulumi up --stack {stack}, or correct the name"
        )
    for name in texts:
        if not isinstance(outputs[name], str):
            raise _another_form(stack, name, _type_of(outputs[name]), "a text")
    for name in cloud.same:
        own = getattr(cloud, name)
        if outputs[name] != own:
            raise InvalidSetting(
                f"secret-access:{cloud.name}.{name}: given {own!r}, expected {outputs[name]!r}, as in the cluster's "
                f"stack {stack!r}; correct it here or there"
            )
    return ClusterOutputs(
        name=outputs["name"],
        kubernetes=_kubernetes(stack, outputs["kubernetes"]),
        own={name: outputs[name] for name in (*cloud.needed, *optional)},
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
