"""A service for callers that cannot have a sidecar: it has no identity, and each caller sends its own token."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from .. import checks
from ..arguments import Arguments
from ..checks import Access
from ..inputs import children_of, lift, once_known, output
from ..pods import caller, service_account, sidecar_settings
from ..pods import checks as pod_checks
from ..pods.caller import CallerAccess
from ..pods.sidecar_container import USER
from ..vault import checks as vault_checks
from . import backends
from . import checks as service_checks
from . import pod as service_pod
from .backends import SharedBackend

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
    backend: pulumi.Input[SharedBackend]
    """The vault, and whom each caller becomes there: one of `aws`, `gcp`, `azure` and `vault`.
    Example: `{"vault": {"address": "https://vault.example:8200", "role_name": "secret-access-blue-{namespace}"}}`."""
    certificate: pulumi.Input[dict[str, Any]]
    """The volume source with `tls.crt` and `tls.key`, as in a manifest; the certificate must have the output `hosts`.
    Example: `{"secret": {"secretName": "secrets-tls"}}`."""
    caller_namespaces: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Namespaces whose pods may call the service. Example: `["test", "prod"]`."""
    access: NotRequired[pulumi.Input[Access]]
    """`read` or `read_write`: what callers may ask for. Default: `read`."""
    service_name: NotRequired[pulumi.Input[str]]
    """Name of the Service and the other objects. Default: the component's name. Example: `secrets`."""
    replicas: NotRequired[pulumi.Input[int | Literal["autoscaled"]]]
    """Number of pods, 2 at least. `autoscaled` leaves it to a HorizontalPodAutoscaler, which must keep 2.
    Default: 2."""
    ca_config_map: NotRequired[pulumi.Input[str]]
    """Name of a ConfigMap in each caller's namespace whose `ca.crt` is the certificate of the authority that issued the
    service's. Default: none, callers trust that authority already. Example: `secrets-ca`."""
    token_expiration_seconds: NotRequired[pulumi.Input[int]]
    """Lifetime of callers' tokens, which the kubelet renews: 600 to 86400 seconds. Default: 3600."""
    metrics_namespaces: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Namespaces whose pods may read `/metrics` on port 8081. Default: none. Example: `["monitoring"]`."""
    sidecar_env: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Further settings of docs/operating.md. Default: none. Example: `{"SECRETS_CACHE_TTL": "10"}`."""
    sidecar_files: NotRequired[pulumi.Input[Mapping[str, Any]]]
    """Volume sources, spelled as in a manifest, by the path that each is mounted at: certificates for `VAULT_CACERT` or
    `SSL_CERT_FILE`. Default: none. Example: `{"/etc/ca": {"configMap": {"name": "ca"}}}`."""
    sidecar_resources: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[str]]]]]]
    """Requests and limits of a pod. Default: requests of 100m CPU and 128Mi, a limit of 512Mi and none of CPU."""
    sidecar_user: NotRequired[pulumi.Input[int | Literal["platform"]]]
    """The user and group that the pods run as; `platform` leaves them to the platform, as OpenShift wants it.
    Default: 65532."""
    image_pull_policy: NotRequired[pulumi.Input[str]]
    """When the sidecar's image is pulled: `Always`, `IfNotPresent` or `Never`. Default: as Kubernetes decides by the
    image's tag."""
    image_pull_secrets: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of Secrets of the service's namespace with credentials of a registry. Default: none.
    Example: `["registry"]`."""


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
    caller_access: pulumi.Output[CallerAccess]
    """What the pods that call it need, in one object: `url`, `volume`, `volume_mount` and `env`."""

    def __init__(self, name: str, args: SharedSecretServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"SharedSecretService {name!r}", args, SharedSecretServiceArgs)
        namespace = given.take("namespace", checks.namespace)
        image = given.named("sidecar_image", checks.image)
        service_name = given.take("service_name", service_checks.service_name, name)
        callers = given.take("caller_namespaces", service_checks.callers)
        backend = backends.chosen(given, given.get("backend"), callers)
        files = given.take("sidecar_files", partial(pod_checks.sidecar_files, taken=service_pod.CERTIFICATE_FOLDER), {})
        access = given.take("access", checks.access, Access.READ)
        env = given.check(_env, backend, given.get("sidecar_env"), access, files)
        certificate = given.take("certificate", service_checks.certificate)
        metrics = given.named("metrics_namespaces", checks.namespaces, [])
        resources = given.named("sidecar_resources", checks.resources, RESOURCES)
        user = given.named("sidecar_user", pod_checks.sidecar_user, USER)
        pull_policy = given.take("image_pull_policy", pod_checks.pull_policy)
        pull_secrets = given.optional("image_pull_secrets", pod_checks.pull_secrets)
        authority = given.take("ca_config_map", service_checks.ca_config_map)
        lifetime = given.take("token_expiration_seconds", pod_checks.token_lifetime, 3600)
        replicas = given.take("replicas", service_checks.replicas, 2)
        super().__init__("secret-access:index:SharedSecretService", name, {}, opts)
        child = children_of(self, opts)

        labels = lift(service_pod.labels, service_name)
        metadata: Any = {"name": service_name, "namespace": namespace, "labels": labels}
        account = k8s.core.v1.ServiceAccount(
            f"{name}-service-account",
            metadata=metadata,
            automount_service_account_token=False,
            image_pull_secrets=None if pull_secrets is None else _spec(service_account.references, pull_secrets),
            opts=child,
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
            pull_policy=pull_policy,
            certificate=certificate,
            env=env,
            files=files,
            resources=resources,
            user=user,
        )
        spec: Any = {
            "strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": 0, "max_surge": 1}},
            "selector": {"match_labels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }
        scaled: Any = once_known(replicas, lambda number: spec if number is None else {"replicas": number, **spec})
        k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata,
            spec=scaled,
            # no pod may be reachable before the policy limits who reaches it
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[account, policy])),
        )
        url = lift(service_pod.url, service_name, namespace)
        audience = lift(_audience, backend)
        self.namespace = output(namespace)
        self.service_name = output(service_name)
        self.url = output(url)
        self.audience = output(audience)
        self.hosts = output(lift(service_pod.hosts, service_name, namespace))
        self.caller_access = output(lift(caller.access, url, audience, lifetime, authority))
        self.register_outputs(
            {
                "namespace": self.namespace,
                "serviceName": self.service_name,
                "url": self.url,
                "audience": self.audience,
                "hosts": self.hosts,
                "callerAccess": self.caller_access,
            }
        )


def _env(
    backend: dict[str, Any], given: object, access: Access, files: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Return the pods' variables beside those that say where the service is."""
    choice = backends.CHOICES[backend["name"]]
    variables = {name: value for name, value in backend["variables"].items() if value}
    settings = service_checks.environment(
        {} if given is None else given,
        backend=choice.backend,
        arguments=choice.form.__annotations__,
        has_endpoint_url="AWS_ENDPOINT_URL" in variables,
    )
    sidecar_settings.check_files(settings, [*files, service_pod.CERTIFICATE_FOLDER])
    if "VAULT_ADDR" in variables:
        vault_checks.client_certificate(settings, variables["VAULT_ADDR"])
    may_write = {"SECRETS_ACCESS": "read_write"} if access == Access.READ_WRITE else {}
    return {"SECRETS_BACKEND": backend["name"], **variables, **may_write, **settings}


def _audience(backend: dict[str, Any]) -> str:
    return str(backend["audience"])


def _spec(function: Any, *values: Any, **named: Any) -> Any:
    """Call `lift` without its type: the SDK's argument types do not match manifests."""
    return lift(function, *values, **named)
