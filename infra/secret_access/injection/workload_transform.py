"""Puts the sidecar into workloads of the program that others wrote, charts included: a resource transform."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict

import pulumi

from ..arguments import Arguments
from ..checks import flag, invalid
from ..inputs import is_later, is_plain, lift, waiting_for
from ..pods.injection import inject
from ..pods.injection_checks import check_known
from ..pods.workload import WorkloadAccess
from ..program_errors import InvalidArgument
from .admission_policy import INJECTION_LABEL

ASKED = "true"
TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
    "PodTemplate": ("template",),
}
"""Where a kind has its pod template. All others, custom ones included, have it as `spec.template` or have none."""
RELEASE = "kubernetes:helm.sh/v3:Release"


class _Arguments(TypedDict):
    access: pulumi.Input[WorkloadAccess]
    labelled: bool


def inject_sidecar(access: pulumi.Input[WorkloadAccess], *, labelled: bool = False) -> pulumi.ResourceTransform:
    """Return a transform that puts the sidecar into the pod templates of Kubernetes resources.

    `access` is the output `workload_access` of an access component. In the option `transforms` of a resource it acts on
    this one and on all below it: a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod, a custom
    resource with a pod template as `spec.template`, or a chart and what it makes. All must be of its namespace.

    `labelled`: only those of the namespace whose pod template has the label `secret-access/inject: "true"`. For
    `pulumi.runtime.register_resource_transform`, by which it acts on every resource of the program.

    Raises `InvalidArgument`, from the transform too: for what cannot safely be injected, a workload of another
    namespace or of none, and a Helm Release, whose workloads Pulumi does not see.

    Example: `kubernetes.helm.v4.Chart("shop", …, pulumi.ResourceOptions(transforms=[inject_sidecar(access)]))`.
    """
    given = Arguments("inject_sidecar", {"access": access, "labelled": labelled}, _Arguments)
    nested = given.nested("access", WorkloadAccess, example="access.workload_access")
    values = {key: nested.get(key) for key in WorkloadAccess.__annotations__}
    only_labelled = given.plain("labelled", partial(flag, "labelled"))

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        return _transformed(args, values, only_labelled=only_labelled)

    return transform


@dataclass(frozen=True)
class _Workload:
    """A resource that may have a pod template."""

    where: str
    """The resource, for messages."""
    kind: str
    namespace: Any
    access: Mapping[str, Any]
    only_labelled: bool

    def changed(self, template: Any) -> Any:
        """Return the template with the sidecar, or as it is if it is none or does not ask.

        A template that does not ask waits for nothing of the access, which may itself depend on that workload.
        """
        if not self.only_labelled:
            return self._injected(template)
        label = _field(template, ("metadata", "labels", INJECTION_LABEL))
        return lift(lambda known: self._of_namespace(template) if known == ASKED else template, label)

    def _of_namespace(self, template: Any) -> Any:
        def own(namespace: object, expected: str) -> Any:
            return self._injected(template) if namespace in (None, expected) else template

        return lift(own, self.namespace, self.access["namespace"])

    def _injected(self, template: Any) -> Any:
        if _field(template, ("spec", "containers")) is None:
            return template
        # Part of the access is often known only later; the part that is known can refuse a template in the preview
        if is_plain(template) and is_plain(self.namespace):
            known = {key: value for key, value in self.access.items() if is_plain(value)}
            self._prefixed(self._check, template, self.namespace, known)
        return lift(self._inject, template, self.namespace, self.access)

    def _inject(self, template: Any, namespace: object, access: Mapping[str, Any]) -> Any:
        """Return the template with the sidecar; all values are known."""
        if not _field(template, ("spec", "containers")):
            return template
        self._prefixed(self._check, template, namespace, access)
        return self._prefixed(inject, template, access)

    def _check(self, template: Any, namespace: object, access: Mapping[str, Any]) -> None:
        """Refuse the workload by what is known of the access."""
        if self.kind.endswith("Patch"):
            raise _partial(self.kind)
        expected = access.get("namespace", namespace)
        if namespace is None or namespace != expected:
            fix = "name it there, or use the access component of that namespace: an identity is for one"
            raise invalid("metadata.namespace", namespace, expected or "that of the access", fix)
        check_known(template, access)

    def _prefixed(self, function: Callable[..., Any], *values: Any) -> Any:
        try:
            return function(*values)
        except InvalidArgument as problem:
            raise InvalidArgument(f"{self.where}: {problem}") from None


def _transformed(
    args: pulumi.ResourceTransformArgs, access: Mapping[str, Any], *, only_labelled: bool
) -> pulumi.ResourceTransformResult | None:
    group, _, kind = args.type_.rpartition(":")
    if not group.startswith("kubernetes:"):
        return None
    where = f"inject_sidecar: {kind} {args.name!r}"
    if not only_labelled and (args.type_ == RELEASE or (kind.endswith("List") and "items" in args.props)):
        raise InvalidArgument(f"{where}: {_unseen(kind)}")
    namespace = _field(args.props, ("metadata", "namespace"))
    workload = _Workload(where, kind, namespace, access, only_labelled)
    props = _replaced(args.props, TEMPLATES.get(kind, ("spec", "template")), workload.changed)
    if is_later(props):
        props = _as_properties(args.props, props)
    if props == args.props:
        return None
    opts = args.opts
    for value in access.values():
        opts = waiting_for(opts, value)
    return pulumi.ResourceTransformResult(dict(props), opts)


def _as_properties(given: Mapping[str, Any], injected: Any) -> dict[str, Any]:
    """Return the properties of a Pod, which is its own template; its name stays known where it was."""
    metadata = given.get("metadata")
    if isinstance(metadata, Mapping):
        fields = {name: lift(partial(_field, path=("metadata", name)), injected) for name in ("labels", "annotations")}
        metadata = {**metadata, **fields}
    return {**given, "metadata": metadata, "spec": lift(operator.itemgetter("spec"), injected)}


def _field(value: Any, path: Sequence[str]) -> Any:
    """Return what is at a path, or None; an Output if that, or something above it, is known later."""
    if is_later(value):
        return lift(partial(_field, path=path), value)
    if not path:
        return value
    return _field(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else None


def _replaced(value: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """Return a value with what is at a path changed; all beside it stays as it is."""
    if is_later(value):
        return lift(lambda known: _replaced(known, path, change), value)
    if not path:
        return change(value)
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    return {**value, path[0]: _replaced(value[path[0]], path[1:], change)}


def _unseen(kind: str) -> InvalidArgument:
    """Return why a resource is refused whose workloads Pulumi does not see."""
    if kind == "Release":
        fix = "use kubernetes.helm.v4.Chart, or SidecarInjection, by which the API server injects pods"
        return invalid(
            "the kind", kind, "one whose workloads Pulumi sees: Helm itself installs those of a Release", fix
        )
    return invalid("the kind", kind, "a single workload", "write each item as a resource of its own")


def _partial(kind: str) -> InvalidArgument:
    expected = "a whole workload: what a patch does not name may already be another sidecar or account"
    return invalid("the kind", kind, expected, "inject it where it is deployed, or use SidecarInjection")
