"""A Deployment whose pods read their secrets from the sidecar on localhost."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from .. import checks as shared_checks
from ..arguments import Arguments
from ..inputs import children_of, lift, output
from . import checks, sidecar_container

APP = "app"
DEFAULT_RESOURCES = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"memory": "256Mi"},
}


class WorkloadAccess(TypedDict):
    """The outputs of an access component that a workload needs, as `AwsSecretAccess.for_workload()` returns them."""

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

    access: WorkloadAccess
    """The outputs of the access component. Example: `access.for_workload()`."""
    image: pulumi.Input[str]
    """The app's image. Its user must not be root. Example: `registry.example/shop:1.4.2`."""
    workload_name: NotRequired[pulumi.Input[str]]
    """Name of the Deployment and of the label `app.kubernetes.io/name`. Default: the component's name.
    Example: `shop`."""
    replicas: NotRequired[pulumi.Input[int] | None]
    """Number of pods. `None` leaves the number to a HorizontalPodAutoscaler. Default: 1."""
    env: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Environment of the app. `SECRETS_URL` is set by the component and refused here. No secrets: it is stored in etcd.
    Default: none.
    Example: `{"LOG_LEVEL": "info"}`."""
    ports: NotRequired[pulumi.Input[Sequence[pulumi.Input[int]]]]
    """Ports that the app listens on; not the sidecar's, 8080 and 8081. Default: none. Example: `[3000]`."""
    resources: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[str]]]]]]
    """The app's requests and limits. Default: requests of 50m CPU and 64Mi, a limit of 256Mi and none of CPU.
    Example: `{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}`."""
    writable_root: NotRequired[pulumi.Input[bool]]
    """The app may write to its own root filesystem. Default: false."""


class SecretWorkload(pulumi.ComponentResource):
    """A Deployment of an app and the sidecar that serves it its secrets.

    Its pods are fit for the Pod Security Standard `restricted`.
    """

    namespace: pulumi.Output[str]
    """The namespace."""
    workload_name: pulumi.Output[str]
    """Name of the Deployment."""

    def __init__(self, name: str, args: SecretWorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"SecretWorkload {name!r}", args, SecretWorkloadArgs)
        access = given.nested("access", WorkloadAccess, example="access.for_workload()")
        url = access.get("url")
        container = given.check(checks.token_volume, access.get("sidecar"), access.get("volumes"))
        containers = [APP, sidecar_container.CONTAINER]
        annotations = given.check(checks.skipped_containers, access.get("pod_annotations"), containers)
        image = given.take("image", _image)
        ports = given.check(_ports, given.get("ports"), url)
        env = given.check(_environment, given.get("env"), url)
        resources = given.named("resources", shared_checks.resources, DEFAULT_RESOURCES)
        writable_root = given.named("writable_root", shared_checks.flag, False)
        workload_name = given.take("workload_name", checks.workload_name, name)
        # Left out for an autoscaler: each `up` would reset a number that is given here
        replicas = {} if args.get("replicas", 1) is None else {"replicas": given.take("replicas", checks.replicas, 1)}
        super().__init__("secret-access:index:SecretWorkload", name, {}, opts)

        own_labels = {"app.kubernetes.io/name": workload_name}
        labels: Any = lift(_merged, access.get("pod_labels"), own_labels)
        app = {
            "name": APP,
            "image": image,
            **({"ports": ports} if given.get("ports") not in (None, []) else {}),
            "env": env,
            "resources": resources,
            "terminationMessagePolicy": sidecar_container.TERMINATION_MESSAGE,
            "securityContext": {
                "readOnlyRootFilesystem": lift(operator.not_, writable_root),
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
        pod: Any = {
            "serviceAccountName": access.get("service_account_name"),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": [container],
            "containers": [app],
            "volumes": access.get("volumes"),
        }
        spec: Any = {
            **replicas,
            "selector": {"match_labels": own_labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
        }
        deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata={"name": workload_name, "namespace": access.get("namespace"), "labels": labels},
            spec=spec,
            opts=children_of(self, opts),
        )
        self.namespace = output(access.get("namespace"))
        self.workload_name = deployment.metadata.apply(lambda metadata: str(metadata.name))
        self.register_outputs({"namespace": self.namespace, "workloadName": self.workload_name})


def _merged(pod_labels: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    return {**pod_labels, **own}


def _image(image: object) -> str:
    return shared_checks.image("image", image, "registry.example/shop:1.4.2")


def _ports(ports: object, url: str) -> list[dict[str, int]]:
    return [{"containerPort": port} for port in checks.app_ports([] if ports is None else ports, url)]


def _environment(env: object, url: str) -> list[dict[str, str]]:
    variables = {checks.URL_VARIABLE: url, **checks.app_env({} if env is None else env, url)}
    return [{"name": name, "value": value} for name, value in variables.items()]
