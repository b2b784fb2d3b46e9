"""A workload whose pods read their secrets from the sidecar on localhost."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, NotRequired, TypedDict

import pulumi

from .. import checks as shared_checks
from ..arguments import Arguments
from ..inputs import children_of, is_plain, lazy_output, lift, once_known
from . import caller as shared_caller
from . import checks, injection, injection_checks, kinds, workload_spec
from .caller import CallerAccess
from .kinds import WorkloadKind
from .pod_template import NAME_LABEL, app_container


class WorkloadAccess(TypedDict):
    """What a workload needs of an access component, whose output `workload_access` it is."""

    namespace: pulumi.Input[str]
    """The namespace. Example: `test`."""
    service_account_name: pulumi.Input[str]
    """The ServiceAccount that the pods run as. Example: `secret-access`."""
    sidecar: pulumi.Input[dict[str, Any]]
    """The sidecar's container, spelled as in a manifest."""
    volumes: pulumi.Input[list[dict[str, Any]]]
    """The sidecar's volumes, spelled as in a manifest."""
    pod_labels: pulumi.Input[dict[str, str]]
    """Labels that the pods need."""
    pod_annotations: pulumi.Input[dict[str, str]]
    """Annotations that the pods need."""
    url: pulumi.Input[str]
    """The sidecar's address for the app. Example: `http://localhost:8080`."""


class SecretWorkloadArgs(TypedDict):
    """Arguments of SecretWorkload."""

    access: pulumi.Input[WorkloadAccess]
    """The output `workload_access` of the access component. Example: `access.workload_access`."""
    caller: NotRequired[pulumi.Input[CallerAccess]]
    """The output `caller_access` of a SharedSecretService: every container asks that service with a token of its own,
    and the pods have no sidecar. Default: none. Example: `shared.caller_access`."""
    image: NotRequired[pulumi.Input[str]]
    """The image of the container `app`. Its user must not be root. Default: none; `pod` has the containers.
    Example: `registry.example/shop:1.4.2`."""
    kind: NotRequired[WorkloadKind]
    """Plain. `Deployment`, `StatefulSet`, `Job` or `CronJob`. Default: `Deployment`."""
    workload_name: NotRequired[pulumi.Input[str]]
    """Name of the workload and of the label `app.kubernetes.io/name`. Default: the component's name.
    Example: `shop`."""
    annotations: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Annotations of the workload itself; those of its pods are in `pod`. Default: none.
    Example: `{"pulumi.com/skipAwait": "true"}`."""
    replicas: NotRequired[pulumi.Input[int | Literal["autoscaled"]]]
    """Number of pods of a Deployment or a StatefulSet. `autoscaled` leaves it to a HorizontalPodAutoscaler.
    Default: 1."""
    env: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Environment of the container `app`. `SECRETS_URL` is set by the component and refused here. No secrets: it is
    stored in etcd. Default: none.
    Example: `{"LOG_LEVEL": "info"}`."""
    ports: NotRequired[pulumi.Input[Sequence[pulumi.Input[int]]]]
    """Ports that the app listens on; not the sidecar's, 8080 and 8081. Default: none. Example: `[3000]`."""
    resources: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[str]]]]]]
    """The app's requests and limits. Default: requests of 50m CPU and 64Mi, a limit of 256Mi and none of CPU.
    Example: `{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}`."""
    writable_root: NotRequired[pulumi.Input[bool]]
    """The app may write to its own root filesystem. Default: false."""
    pod: NotRequired[pulumi.Input[Mapping[str, Any]]]
    """The pod template, `{"metadata": …, "spec": …}`, spelled as in a manifest, over defaults that meet the Pod
    Security Standard `restricted`: probes, volumes, further containers, node selection, annotations and all else. What
    other arguments say of the container `app` is joined with the one of that name. Default: none.
    Example: `{"spec": {"nodeSelector": {"disk": "fast"}}}`."""
    spec: NotRequired[pulumi.Input[Mapping[str, Any]]]
    """The workload's own spec, spelled as in a manifest, without `template`, `selector` and `replicas`: the `schedule`
    of a CronJob, which it requires, `backoffLimit` of a Job, `volumeClaimTemplates` of a StatefulSet, `strategy` of a
    Deployment. Default: Kubernetes' own. Example: `{"schedule": "0 3 * * *", "concurrencyPolicy": "Forbid"}`."""


class SecretWorkload(pulumi.ComponentResource):
    """A workload of an app and the sidecar that serves it its secrets.

    Its pods are fit for the Pod Security Standard `restricted`, unless `pod` says otherwise. The cluster needs native
    sidecars (Kubernetes 1.29): an API server without them refuses the workload, in a preview already.
    """

    namespace: pulumi.Output[str] = lazy_output()
    """The namespace."""
    workload_name: pulumi.Output[str]
    """Name of the Deployment, StatefulSet, Job or CronJob."""

    def __init__(self, name: str, args: SecretWorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"SecretWorkload {name!r}", args, SecretWorkloadArgs)
        nested = given.nested("access", WorkloadAccess, example="access.workload_access")
        access = {key: nested.get(key) for key in WorkloadAccess.__annotations__}
        caller = given.optional("caller", shared_caller.check)
        url = access["url"] if caller is None else lift(shared_caller.url_of, caller)
        kind = given.plain("kind", kinds.kind, WorkloadKind.DEPLOYMENT)
        longest = kinds.LONGEST_NAME.get(kind, 63)
        workload_name = given.take("workload_name", partial(checks.workload_name, longest=longest), name)
        annotations = given.optional("annotations", checks.annotations)
        replicas = _replicas(given, kind)
        own_spec = given.take("spec", partial(workload_spec.own_spec, kind), {})
        app = given.check(
            app_container,
            image=given.take("image", _given(_image)),
            env=given.check(_env, given.get("env"), url),
            ports=given.check(_ports, given.get("ports"), access["url"] if caller is None else None),
            resources=given.take("resources", _given(partial(shared_checks.resources, "resources"))),
            writable_root=given.take("writable_root", _given(partial(shared_checks.flag, "writable_root"))),
        )
        template = given.check(partial(workload_spec.template, kind), given.get("pod"), app, workload_name)
        # The access seldom is plain as a whole: what is plain of it is checked before it is made
        if caller is None and is_plain(template):
            known = {key: value for key, value in access.items() if is_plain(value)}
            given.check(injection_checks.check_known, template, known)
        injected = given.check(_injected, template, own_spec, caller, **access)
        super().__init__("secret-access:index:SecretWorkload", name, {}, opts)

        build = partial(kinds.whole_spec, of=kind, template=injected, name=workload_name)
        labels: Any = lift(_merged, access["pod_labels"], {NAME_LABEL: workload_name})
        workload = workload_spec.sdk_class(kind)(
            f"{name}-{kinds.RESOURCE_NAMES[kind]}",
            metadata={
                "name": workload_name,
                "namespace": access["namespace"],
                "labels": labels,
                **({} if annotations is None else {"annotations": annotations}),
            },
            spec=once_known(replicas, lambda number: once_known(own_spec, partial(build, replicas=number))),
            opts=children_of(self, opts),
        )
        self._namespace = access["namespace"]
        self.workload_name = workload.metadata.apply(lambda metadata: str(metadata.name))
        self.register_outputs({"namespace": self._namespace, "workloadName": self.workload_name})


def _replicas(given: Arguments, kind: WorkloadKind) -> pulumi.Input[int | None]:
    """Return the number of pods; None where an autoscaler sets it, or the kind has none."""
    if kind in kinds.SCALED:
        return given.take("replicas", checks.replicas, 1)
    if "replicas" in given:
        given.check(partial(kinds.no_replicas, kind), given.get("replicas"))
    return None


def _injected(
    template: dict[str, Any], own_spec: dict[str, Any], caller: Mapping[str, Any] | None, **access: Any
) -> dict[str, Any]:
    if caller is not None:
        kinds.claims_are_its_own(own_spec, {caller["volume"]["name"]})
        return shared_caller.inject(template, caller, access)
    kinds.claims_are_its_own(own_spec, {volume["name"] for volume in access["volumes"]})
    return injection.inject(template, access)


def _given(check: Callable[[object], Any]) -> Callable[[object], Any]:
    """Return the check of an argument that may be left out."""
    return lambda value: None if value is None else check(value)


def _merged(pod_labels: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    return {**pod_labels, **own}


def _image(image: object) -> str:
    return shared_checks.image("image", image, "registry.example/shop:1.4.2")


def _ports(ports: object, url: str | None) -> list[int]:
    return checks.app_ports([] if ports is None else ports, url)


def _env(env: object, url: str) -> dict[str, str]:
    return checks.app_env({} if env is None else env, url)
