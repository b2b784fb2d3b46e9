"""A Deployment whose pods read their secrets from the sidecar on localhost."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from ..inputs import children_of, lift, or_default
from . import checks, sidecar_container

APP = "app"


class WorkloadAccess(TypedDict):
    """The outputs of an access component that a workload needs; `AwsSecretAccess.for_workload()` gives them."""

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
    """What SecretWorkload is made from."""

    access: WorkloadAccess
    """The outputs of the access component. Example: `access.for_workload()`."""
    image: pulumi.Input[str]
    """The app's image. Its user must not be root. Example: `registry.example/shop:1.4.2`."""
    workload_name: NotRequired[pulumi.Input[str]]
    """Name of the Deployment and of the label `app.kubernetes.io/name`. Default: the component's name.
    Example: `shop`."""
    replicas: NotRequired[pulumi.Input[int] | None]
    """Number of pods. `None` leaves it out of the Deployment, for a HorizontalPodAutoscaler to own. Default: 1."""
    env: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Environment of the app, beside `SECRETS_URL`, which is refused here; no secrets: it is stored in etcd.
    Default: none.
    Example: `{"LOG_LEVEL": "info"}`."""
    ports: NotRequired[pulumi.Input[Sequence[pulumi.Input[int]]]]
    """Ports that the app listens on; not the sidecar's, 8080 and 8081. Default: none. Example: `[3000]`."""
    resources: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[str]]]]]]
    """The app's requests and limits. Default: requests of 50m CPU and 64Mi, limits of 1 CPU and 256Mi.
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
        access = args["access"]
        container = lift(checks.token_volume, access["sidecar"], access["volumes"])
        annotations = lift(checks.skipped_containers, access["pod_annotations"], [APP, sidecar_container.CONTAINER])
        ports = lift(checks.app_ports, or_default(args.get("ports"), []), access["url"])
        env = lift(checks.app_env, or_default(args.get("env"), {}), access["url"])
        workload_name = lift(checks.workload_name, or_default(args.get("workload_name"), name))
        super().__init__("secret-access:index:SecretWorkload", name, {}, opts)

        own_labels = {"app.kubernetes.io/name": workload_name}
        labels: Any = pulumi.Output.all(access["pod_labels"], own_labels).apply(lambda known: {**known[0], **known[1]})
        pod: Any = {
            "serviceAccountName": access["service_account_name"],
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": [container],
            "containers": [_app(args, env, ports)],
            "volumes": access["volumes"],
        }
        spec: Any = {
            **_replicas(args),
            "selector": {"match_labels": own_labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
        }
        deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata={"name": workload_name, "namespace": access["namespace"], "labels": labels},
            spec=spec,
            opts=children_of(self, opts),
        )
        self.namespace = pulumi.Output.from_input(access["namespace"])
        self.workload_name = deployment.metadata.apply(lambda metadata: str(metadata.name))
        self.register_outputs({"namespace": self.namespace, "workloadName": self.workload_name})


def _replicas(args: SecretWorkloadArgs) -> dict[str, Any]:
    """One unless another number is given; nothing for `None`, since what is said here is said again at every `up`."""
    replicas = args.get("replicas", 1)
    return {} if replicas is None else {"replicas": lift(int, replicas)}


def _app(args: SecretWorkloadArgs, env: pulumi.Input[dict[str, str]], ports: pulumi.Input[list[int]]) -> dict[str, Any]:
    default_resources = {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"cpu": "1", "memory": "256Mi"},
    }
    listens = {"ports": lift(_ports, ports)} if or_default(args.get("ports"), []) != [] else {}
    return {
        "name": APP,
        "image": args["image"],
        **listens,
        "env": lift(_environment, args["access"]["url"], env),
        "resources": or_default(args.get("resources"), default_resources),
        "securityContext": {
            "readOnlyRootFilesystem": lift(lambda writable: not writable, or_default(args.get("writable_root"), False)),
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _ports(numbers: list[int]) -> list[dict[str, int]]:
    return [{"containerPort": number} for number in numbers]


def _environment(url: str, env: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in {checks.URL_VARIABLE: url, **env}.items()]
