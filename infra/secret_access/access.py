"""What the access components of all clouds have in common: arguments, outputs, and what they make in Kubernetes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from . import checks
from .arguments import Arguments
from .checks import Access
from .inputs import lazy_output, lift
from .patterns.external_store import ExternalStore
from .pods import checks as pod_checks
from .pods import environment, network_policy, service_account, sidecar_container, sidecar_settings
from .pods.sidecar_container import USER
from .pods.sidecar_settings import Backend
from .pods.workload import WorkloadAccess


class SecretAccessArgs(TypedDict):
    """Arguments of the access component of every cloud."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace, which must exist. Example: `test`."""
    sidecar_image: pulumi.Input[str]
    """The sidecar's image. Example: `registry.example/secret-sidecar:0.1.0`."""
    service_account_name: NotRequired[pulumi.Input[str]]
    """The ServiceAccount whose tokens may become the identity. Default: `secret-access`."""
    existing_service_account: NotRequired[bool]
    """The ServiceAccount exists already: it is read, and must carry the annotation that names the identity.
    Default: false, it is created."""
    secret_prefix: NotRequired[pulumi.Input[str]]
    """Prefix of the secrets that the namespace may use; ends in `/`. Default: the namespace and `/`.
    Example: `team-a/test/`."""
    secrets: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of the secrets that the workloads read, for the sidecar to list. Default: none.
    Example: `["database-password"]`."""
    access: NotRequired[pulumi.Input[Access]]
    """`read` or `read_write`. Default: `read`."""
    token_expiration_seconds: NotRequired[pulumi.Input[int]]
    """Lifetime of the ServiceAccount tokens, which the kubelet renews: 600 to 86400 seconds. Default: 3600."""
    port: NotRequired[pulumi.Input[int]]
    """The sidecar's port on localhost, for apps that have 8080 themselves. Default: 8080. Example: `8200`."""
    sidecar_env: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Settings of the sidecar, as docs/operating.md lists them: cache, time-out, events, token file, proxies.
    Neither those that the component sets nor credentials. Default: none. Example: `{"SECRETS_CACHE_TTL": "10"}`."""
    sidecar_resources: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[str]]]]]]
    """Requests and limits of the sidecar. Default: requests of 50m CPU and 64Mi, a limit of 128Mi and none of CPU."""
    sidecar_user: NotRequired[pulumi.Input[int | Literal["platform"]]]
    """The user and group that the sidecar runs as; `platform` leaves them to the platform, as OpenShift wants it.
    Default: 65532."""
    sidecar_files: NotRequired[pulumi.Input[Mapping[str, Any]]]
    """Volume sources, spelled as in a manifest, by the path that each is mounted at in the sidecar: a token for
    `SECRETS_TOKEN_FILE`, certificates for `SSL_CERT_FILE`. Default: none.
    Example: `{"/etc/ca": {"configMap": {"name": "ca"}}}`."""
    image_pull_policy: NotRequired[pulumi.Input[str]]
    """When the sidecar's image is pulled: `Always`, `IfNotPresent` or `Never`. Default: as Kubernetes decides by the
    image's tag."""
    image_pull_secrets: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of Secrets of the namespace with credentials of a registry: the ServiceAccount has them, for all its pods.
    Default: none. Example: `["registry"]`."""
    metrics_namespaces: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Namespaces whose pods may reach the sidecar's health port, 8081, with its metrics: a NetworkPolicy keeps all
    others from it, and leaves the pods' other ports as they are. Default: none is made, and every pod may.
    Example: `["monitoring"]`."""
    labels: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Labels of the ServiceAccount and, through `pod_labels`, of pods. Default: none. Example: `{"team": "a"}`."""
    external_secrets: NotRequired[bool]
    """The External Secrets Operator may use the identity too: the ServiceAccount has the annotation by which the
    operator knows it, and there is the output `external_store` for ExternalSecretAccess. Default: false."""


@dataclass(frozen=True)
class CommonArguments:
    """The values of SecretAccessArgs, checked; some may be known only later."""

    backend: Backend
    namespace: pulumi.Input[str]
    image: pulumi.Input[str]
    account_name: pulumi.Input[str]
    existing: bool
    prefix: pulumi.Input[str]
    declared: pulumi.Input[list[str]]
    access: pulumi.Input[Access]
    lifetime: pulumi.Input[int]
    port: pulumi.Input[int]
    settings: pulumi.Input[dict[str, str]]
    resources: pulumi.Input[dict[str, dict[str, str]]]
    user: pulumi.Input[int | None]
    files: pulumi.Input[dict[str, dict[str, Any]]]
    pull_policy: pulumi.Input[str | None]
    pull_secrets: pulumi.Input[list[str]] | None
    metrics: pulumi.Input[list[str]] | None
    labels: pulumi.Input[dict[str, str]]
    are_labels_given: bool
    external: bool
    """Whether the External Secrets Operator may use the identity too."""

    @property
    def subject(self) -> pulumi.Input[str]:
        """The `sub` of the ServiceAccount's tokens."""
        return lift(checks.subject, self.namespace, self.account_name)


def common_arguments(given: Arguments, backend: Backend) -> CommonArguments:
    """Return what the arguments of every cloud say, checked; raises InvalidArgument."""
    namespace = given.take("namespace", checks.namespace)
    prefix = given.check(partial(checks.secret_prefix, backend.spelling), given.get("secret_prefix"), namespace)
    existing = given.plain("existing_service_account", partial(checks.flag, "existing_service_account"), False)
    if existing and "image_pull_secrets" in given:
        given.check(pod_checks.no_pull_secrets, given.get("image_pull_secrets"))
    declared = partial(checks.declared_secrets, backend.spelling, are_exact_granted=backend.are_exact_granted)
    files = given.take("sidecar_files", partial(pod_checks.sidecar_files, taken=backend.token_folder), {})
    settings = given.take("sidecar_env", partial(sidecar_settings.sidecar_env, backend=backend), {})
    return CommonArguments(
        backend=backend,
        namespace=namespace,
        image=given.named("sidecar_image", checks.image),
        account_name=given.take("service_account_name", checks.service_account_name, "secret-access"),
        existing=existing,
        prefix=prefix,
        declared=given.check(declared, given.get("secrets"), prefix),
        access=given.take("access", checks.access, Access.READ),
        lifetime=given.take("token_expiration_seconds", pod_checks.token_lifetime, 3600),
        port=given.take("port", pod_checks.sidecar_port, sidecar_container.DEFAULT_PORT),
        settings=given.check(sidecar_settings.check_files, settings, files),
        resources=given.named("sidecar_resources", checks.resources, sidecar_container.RESOURCES),
        user=given.named("sidecar_user", pod_checks.sidecar_user, USER),
        files=files,
        pull_policy=given.take("image_pull_policy", pod_checks.pull_policy),
        pull_secrets=given.optional("image_pull_secrets", pod_checks.pull_secrets),
        metrics=given.optional("metrics_namespaces", partial(checks.namespaces, "metrics_namespaces")),
        labels=given.take("labels", checks.labels, {}),
        are_labels_given="labels" in given,
        external=given.plain("external_secrets", partial(checks.flag, "external_secrets"), False),
    )


class SecretAccess(pulumi.ComponentResource):
    """A namespace's identity in one cloud, and the sidecar that serves its secrets: the outputs of every cloud."""

    namespace: pulumi.Output[str] = lazy_output()
    """The Kubernetes namespace."""
    service_account_name: pulumi.Output[str]
    """The ServiceAccount that pods run as."""
    subject: pulumi.Output[str] = lazy_output()
    """The `sub` of the ServiceAccount's tokens: `system:serviceaccount:NAMESPACE:NAME`."""
    identity: pulumi.Output[str]
    """The identity, as the cloud names it, known once its rights are complete."""
    secret_prefix: pulumi.Output[str] = lazy_output()
    """The prefix of the namespace's secrets, with its closing `/`."""
    pod_labels: pulumi.Output[dict[str, str]] = lazy_output()
    """Labels for pods with the sidecar."""
    pod_annotations: pulumi.Output[dict[str, str]] = lazy_output()
    """Annotations for pods with the sidecar."""
    sidecar: pulumi.Output[dict[str, Any]] = lazy_output()
    """The sidecar, for `initContainers`, spelled as in a manifest."""
    volumes: pulumi.Output[list[dict[str, Any]]] = lazy_output()
    """The volumes of the sidecar, spelled as in a manifest."""
    url: pulumi.Output[str] = lazy_output()
    """URL of the sidecar for the app."""
    external_store: pulumi.Output[ExternalStore | None] = lazy_output()
    """The argument `store` of ExternalSecretAccess. None without `external_secrets`."""
    workload_access: WorkloadAccess
    """All that a workload needs of this component, in one object: the argument `access` of SecretWorkload."""

    def _serve(
        self,
        name: str,
        common: CommonArguments,
        child: pulumi.ResourceOptions,
        *,
        identity: pulumi.Output[str],
        audience: pulumi.Input[str],
        variables: pulumi.Input[Mapping[str, str | None]],
        account_annotations: pulumi.Input[Mapping[str, pulumi.Input[str]]],
        refused_annotations: pulumi.Input[Mapping[str, str]] | None = None,
        pod_annotations: pulumi.Input[dict[str, str]] | None = None,
        pod_labels: pulumi.Input[Mapping[str, str]] | None = None,
        external_provider: pulumi.Input[dict[str, Any]] | None = None,
        outputs: Mapping[str, pulumi.Output[Any]] | None = None,
    ) -> None:
        """Make the ServiceAccount and, where asked for, the NetworkPolicy; set all outputs and register them.

        `variables` are the cloud's own for the sidecar. `account_annotations` are those that the ServiceAccount has, or
        must have if it exists already; `refused_annotations` are those that one may not have, each with what it would
        do. `pod_annotations` and `pod_labels` are what the cloud wants of pods; `external_provider` is the vault as the
        External Secrets Operator knows it; `outputs` are the cloud's own.
        """
        self.identity = identity
        make = service_account.read if common.existing else service_account.create
        self.service_account_name = make(
            f"{name}-service-account",
            namespace=common.namespace,
            service_account_name=common.account_name,
            annotations=account_annotations,
            refused=refused_annotations or {},
            pull_secrets=common.pull_secrets,
            labels=common.labels if common.are_labels_given else None,
            opts=child,
        )
        self._namespace, self._subject, self._secret_prefix = common.namespace, common.subject, common.prefix
        labels = common.labels if pod_labels is None else lift(_merged, common.labels, pod_labels)
        if common.metrics is not None:
            labels = lift(network_policy.pod_labels, labels, common.account_name)
            spec: Any = lift(network_policy.health_policy, common.account_name, common.metrics)
            policy_name = lift(network_policy.health_policy_name, common.account_name)
            k8s.networking.v1.NetworkPolicy(
                f"{name}-health-policy",
                metadata={"name": policy_name, "namespace": common.namespace},
                spec=spec,
                opts=child,
            )
        # What is plain stays so: a workload then checks it at once, and waits for the rest alone
        self.workload_access = {
            "namespace": common.namespace,
            "service_account_name": self.service_account_name,
            "pod_labels": labels,
            "pod_annotations": {} if pod_annotations is None else pod_annotations,
            "sidecar": lift(
                _sidecar,
                image=common.image,
                pull_policy=common.pull_policy,
                token_folder=common.backend.token_folder,
                resources=common.resources,
                user=common.user,
                files=common.files,
                backend=common.backend.name,
                namespace=common.namespace,
                secret_prefix=common.prefix,
                secrets=common.declared,
                port=common.port,
                access=common.access,
                variables=variables,
                settings=common.settings,
            ),
            "volumes": lift(_volumes, audience, common.lifetime, common.files),
            "url": lift(sidecar_container.url, common.port),
        }
        self._pod_labels, self._pod_annotations = labels, self.workload_access["pod_annotations"]
        self._sidecar, self._volumes = self.workload_access["sidecar"], self.workload_access["volumes"]
        self._url = self.workload_access["url"]
        self._external_store = self._store_of(common, external_provider)
        # Not those that pods are made of: they stand in the pods, and take as long to register as a resource
        self.register_outputs(
            {
                "namespace": self._namespace,
                "serviceAccountName": self.service_account_name,
                "subject": self._subject,
                "identity": self.identity,
                "secretPrefix": self._secret_prefix,
                "url": self._url,
                "externalStore": self._external_store,
                **(outputs or {}),
            }
        )

    def _store_of(self, common: CommonArguments, provider: pulumi.Input[dict[str, Any]] | None) -> ExternalStore | None:
        if provider is None:
            return None
        return {
            "namespace": common.namespace,
            "service_account_name": self.service_account_name,
            "secret_prefix": common.prefix,
            "backend": common.backend.name,
            "provider": provider,
        }


def _merged(*labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for some in labels for name, value in some.items()}


def _sidecar(
    *,
    image: str,
    pull_policy: str | None,
    token_folder: str,
    resources: Mapping[str, Any],
    user: int | None,
    files: Mapping[str, dict[str, Any]],
    **settings: Any,
) -> dict[str, Any]:
    return sidecar_container.container(
        image=image,
        pull_policy=pull_policy,
        env=environment.environment(**settings),
        token_folder=token_folder,
        resources=resources,
        user=user,
        files=files,
    )


def _volumes(audience: str, lifetime: int, files: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [sidecar_container.token_volume(audience, lifetime), *sidecar_container.file_volumes(files)]
