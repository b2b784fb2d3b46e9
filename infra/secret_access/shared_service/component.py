"""A service for callers that cannot have a sidecar: it has no identity, and each caller sends its own token."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from .. import checks
from ..arguments import Arguments
from ..inputs import children_of, lift
from ..pods import checks as pod_checks
from ..pods.sidecar_container import USER
from . import checks as service_checks
from . import pod as service_pod
from .backends import EXAMPLE_BACKEND, SharedBackend

RESOURCES = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"memory": "512Mi"},
}


class SharedSecretServiceArgs(TypedDict):
    """Arguments of SharedSecretService."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace of the service, which must exist. Example: `platform`."""
    sidecar_image: pulumi.Input[str]
    """The sidecar's image. Example: `registry.example/secret-sidecar:0.1.0`."""
    backend: SharedBackend
    """The vault, and each caller's role there.
    Example: `aws_backend("arn:aws:iam::111122223333:role/secret-access-blue-{namespace}", "us-east-1")`."""
    certificate: pulumi.Input[dict[str, Any]]
    """The volume source with `tls.crt` and `tls.key`, as in a manifest; the certificate must have the output `hosts`.
    Example: `{"secret": {"secretName": "secrets-tls"}}`."""
    caller_namespaces: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Namespaces whose pods may call the service. Example: `["test", "prod"]`."""
    service_name: NotRequired[pulumi.Input[str]]
    """Name of the Service and the other objects. Default: the component's name. Example: `secrets`."""
    replicas: NotRequired[pulumi.Input[int]]
    """Number of pods, 2 at least. Default: 2."""
    metrics_namespaces: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Namespaces whose pods may read `/metrics` on port 8081. Default: none. Example: `["monitoring"]`."""
    env: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Further settings of docs/operating.md. Default: none. Example: `{"SECRETS_CACHE_TTL": "10"}`."""
    resources: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[str]]]]]]
    """Requests and limits of a pod. Default: requests of 100m CPU and 128Mi, a limit of 512Mi and none of CPU."""
    user: NotRequired[pulumi.Input[int] | None]
    """The user and group that the pods run as; `None` leaves them to the platform, as OpenShift wants it.
    Default: 65532."""


class SharedSecretService(pulumi.ComponentResource):
    """Replicas of the sidecar that serve many namespaces, each caller with its own identity.

    They hold none: the ServiceAccount has no cloud identity and mounts no token. Makes it, a Service, a Deployment,
    a PodDisruptionBudget and a NetworkPolicy.
    """

    namespace: pulumi.Output[str]
    """The service's namespace."""
    service_name: pulumi.Output[str]
    """Name of the Service."""
    url: pulumi.Output[str]
    """Where callers reach it: `https://NAME.NAMESPACE.svc:8080`."""
    audience: pulumi.Output[str]
    """The audience that callers' tokens must have."""
    hosts: pulumi.Output[list[str]]
    """The DNS names that callers may use, and that the certificate must have."""

    def __init__(self, name: str, args: SharedSecretServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"SharedSecretService {name!r}", args, SharedSecretServiceArgs)
        namespace = given.take("namespace", checks.namespace)
        image = given.named("sidecar_image", checks.image)
        service_name = given.take("service_name", service_checks.service_name, name)
        backend = given.nested("backend", SharedBackend, example=EXAMPLE_BACKEND)
        env = given.check(_env, backend.get("env"), given.get("env"))
        certificate = given.take("certificate", service_checks.certificate)
        callers = given.take("caller_namespaces", service_checks.callers)
        metrics = given.named("metrics_namespaces", checks.namespaces, [])
        replicas = given.take("replicas", service_checks.replicas, 2)
        resources = given.named("resources", checks.resources, RESOURCES)
        user = None if args.get("user", USER) is None else given.named("user", pod_checks.sidecar_user, USER)
        super().__init__("secret-access:index:SharedSecretService", name, {}, opts)
        child = children_of(self, opts)

        labels = lift(service_pod.labels, service_name)
        metadata: Any = {"name": service_name, "namespace": namespace, "labels": labels}
        account = k8s.core.v1.ServiceAccount(
            f"{name}-service-account", metadata=metadata, automount_service_account_token=False, opts=child
        )
        policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-network-policy",
            metadata=metadata,
            spec=_spec(service_pod.network_policy, service_name, callers, metrics),
            opts=child,
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=metadata,
            spec=_spec(service_pod.disruption_budget, service_name),
            opts=child,
        )
        k8s.core.v1.Service(
            f"{name}-service", metadata=metadata, spec=_spec(service_pod.service, service_name), opts=child
        )
        pod = _spec(
            service_pod.pod,
            name=service_name,
            namespace=namespace,
            image=image,
            backend=backend.get("name"),
            certificate=certificate,
            env=env,
            resources=resources,
            user=user,
        )
        k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata,
            spec={
                "replicas": replicas,
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": 0, "max_surge": 1}},
                "selector": {"match_labels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
            # no pod may be reachable before the policy limits who reaches it
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[account, policy])),
        )
        self.namespace = pulumi.Output.from_input(namespace)
        self.service_name = pulumi.Output.from_input(service_name)
        self.url = pulumi.Output.from_input(lift(service_pod.url, service_name, namespace))
        self.audience = pulumi.Output.from_input(backend.get("audience"))
        self.hosts = pulumi.Output.from_input(lift(service_pod.hosts, service_name, namespace))
        self.register_outputs(
            {
                "namespace": self.namespace,
                "serviceName": self.service_name,
                "url": self.url,
                "audience": self.audience,
                "hosts": self.hosts,
            }
        )


def _env(backend: Any, env: object) -> dict[str, str]:
    return service_checks.environment(backend, {} if env is None else env)


def _spec(function: Any, *values: Any, **named: Any) -> Any:
    """Call `lift` without its type: the SDK's argument types do not match manifests."""
    return lift(function, *values, **named)
