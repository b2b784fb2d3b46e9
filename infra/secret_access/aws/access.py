"""A namespace's identity on AWS: IAM role for one ServiceAccount (IRSA), with access to one prefix of secrets."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi_aws import iam

from .. import checks
from ..arguments import Arguments
from ..checks import Access
from ..inputs import children_of, lift, waiting_for
from ..pods import checks as pod_checks
from ..pods import network_policy, service_account, sidecar_container
from ..pods.sidecar_container import USER
from ..pods.workload import WorkloadAccess
from . import checks as aws_checks
from . import documents
from .documents import OidcProvider
from .environment import TOKEN_FOLDER, environment, own_settings


class AwsSecretAccessArgs(TypedDict):
    """Arguments of AwsSecretAccess."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace, which must exist. Example: `test`."""
    sidecar_image: pulumi.Input[str]
    """The sidecar's image. Example: `registry.example/secret-sidecar:0.1.0`."""
    oidc_provider_arn: pulumi.Input[str]
    """ARN of the cluster's OIDC provider in IAM: the output of ClusterTrust. The role and the secrets are in its
    account.
    Example: `arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539`."""
    region: pulumi.Input[str]
    """The region of the secrets. Example: `us-east-1`."""
    service_account_name: NotRequired[pulumi.Input[str]]
    """The ServiceAccount whose tokens may assume the role. Default: `secret-access`."""
    existing_service_account: NotRequired[bool]
    """The ServiceAccount exists already: it is read, and must carry the annotation `secret-access/role-arn`.
    Default: false, it is created."""
    irsa_annotation: NotRequired[pulumi.Input[bool]]
    """The ServiceAccount carries `eks.amazonaws.com/role-arn` too. EKS's webhook then gives a token for the role to
    every container of every pod that runs as it, but for those in `app_containers` of pods with `pod_annotations`.
    Default: false; the sidecar needs no webhook."""
    secret_prefix: NotRequired[pulumi.Input[str]]
    """Prefix of the secrets that the namespace may use; ends in `/`. Default: the namespace and `/`.
    Example: `team-a/test/`."""
    secrets: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of the secrets that the workloads read, for the sidecar to list. Grants nothing. Default: none.
    Example: `["database-password"]`."""
    access: NotRequired[pulumi.Input[Access]]
    """`read` or `read_write`. Default: `read`."""
    kms_key_arns: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of the customer managed keys that encrypt the secrets. Default: none, only the account's
    `aws/secretsmanager` key.
    Example: `["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]`."""
    policy_arns: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of managed policies to attach to the role; what they grant is not checked. Any other
    policy of the role is removed. Default: none. Example: `["arn:aws:iam::111122223333:policy/only-from-our-vpc"]`."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """ARN of the role's permissions boundary. Default: none.
    Example: `arn:aws:iam::111122223333:policy/boundary`."""
    role_name: NotRequired[pulumi.Input[str]]
    """Name of the role, unique in the account, at most 64 characters. Default: `secret-access-` and the namespace.
    Example: `secret-access-blue-test`."""
    token_expiration_seconds: NotRequired[pulumi.Input[int]]
    """Lifetime of the ServiceAccount tokens, which the kubelet renews: 600 to 86400 seconds. Default: 3600."""
    app_containers: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of the pods' other containers, so that the EKS webhook gives them no token where `irsa_annotation` or an
    EKS Pod Identity association would have it. Default: `["app"]`."""
    port: NotRequired[pulumi.Input[int]]
    """The sidecar's port on localhost, for apps that have 8080 themselves. Default: 8080. Example: `8200`."""
    sidecar_env: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Settings of the sidecar, as docs/operating.md lists them: cache, time-out, events, token file, proxies, FIPS.
    Neither those that the component sets nor credentials. Default: none. Example: `{"SECRETS_CACHE_TTL": "10"}`."""
    sidecar_resources: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[str]]]]]]
    """Requests and limits of the sidecar. Default: requests of 50m CPU and 64Mi, a limit of 128Mi and none of CPU."""
    sidecar_user: NotRequired[pulumi.Input[int] | None]
    """The user and group that the sidecar runs as; `None` leaves them to the platform, as OpenShift wants it.
    Default: 65532."""
    sidecar_files: NotRequired[pulumi.Input[Mapping[str, Any]]]
    """Volume sources, spelled as in a manifest, by the path that each is mounted at in the sidecar: a token for
    `SECRETS_TOKEN_FILE`, certificates for `AWS_CA_BUNDLE`. Default: none.
    Example: `{"/etc/ca": {"configMap": {"name": "ca"}}}`."""
    metrics_namespaces: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Namespaces whose pods may reach the sidecar's health port, 8081, with its metrics: a NetworkPolicy keeps all
    others from it, and leaves the pods' other ports as they are. Default: none is made, and every pod may.
    Example: `["monitoring"]`."""
    endpoint_url: NotRequired[pulumi.Input[str]]
    """Endpoint that the sidecar uses in place of AWS's own. Default: none. Example: `http://10.78.0.1:4566`."""
    labels: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Labels of the ServiceAccount and, through `pod_labels`, of pods. Default: none. Example: `{"team": "a"}`."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Tags of the role. Default: none. Example: `{"team": "a"}`."""


class AwsSecretAccess(pulumi.ComponentResource):
    """A namespace's identity on AWS, which may use the secrets under one prefix and nothing else.

    Creates an IAM role that only the namespace's ServiceAccount can assume, its policy, and the ServiceAccount, and
    returns the sidecar that serves the secrets on localhost. It owns all policies of the role: one that somebody adds
    by hand shows at `pulumi refresh`, and `pulumi up --refresh` removes it.
    """

    namespace: pulumi.Output[str]
    """The Kubernetes namespace."""
    service_account_name: pulumi.Output[str]
    """The ServiceAccount that pods run as."""
    subject: pulumi.Output[str]
    """The `sub` of the ServiceAccount's tokens: `system:serviceaccount:NAMESPACE:NAME`."""
    identity: pulumi.Output[str]
    """ARN of the role, known once its policies are complete."""
    secret_prefix: pulumi.Output[str]
    """The prefix of the namespace's secrets, with its closing `/`."""
    pod_labels: pulumi.Output[dict[str, str]]
    """Labels for pods with the sidecar."""
    pod_annotations: pulumi.Output[dict[str, str]]
    """Annotations for pods with the sidecar."""
    sidecar: pulumi.Output[dict[str, Any]]
    """The sidecar, for `initContainers`, spelled as in a manifest."""
    volumes: pulumi.Output[list[dict[str, Any]]]
    """The volumes of the sidecar, spelled as in a manifest."""
    url: pulumi.Output[str]
    """URL of the sidecar for the app."""

    def __init__(self, name: str, args: AwsSecretAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"AwsSecretAccess {name!r}", args, AwsSecretAccessArgs)
        provider = given.take("oidc_provider_arn", aws_checks.oidc_provider)
        namespace = given.take("namespace", checks.namespace)
        region = given.check(_region, provider, given.get("region"))
        account_name = given.take("service_account_name", checks.service_account_name, "secret-access")
        prefix = given.check(_prefix, namespace, given.get("secret_prefix"))
        role_name = given.check(_role_name, namespace, given.get("role_name"))
        declared = given.check(_declared, given.get("secrets"), prefix)
        keys = given.check(_keys, given.get("kms_key_arns"), region)
        attached = given.check(_attached, given.get("policy_arns"), provider)
        boundary = given.check(_boundary, given.get("permissions_boundary"), provider)
        lifetime = given.take("token_expiration_seconds", pod_checks.token_lifetime, 3600)
        port = given.take("port", pod_checks.sidecar_port, sidecar_container.DEFAULT_PORT)
        access = given.take("access", checks.access, Access.READ)
        existing = given.plain("existing_service_account", partial(checks.flag, "existing_service_account"), False)
        irsa = given.named("irsa_annotation", checks.flag, False)
        labels = given.take("labels", checks.labels, {})
        image = given.named("sidecar_image", checks.image)
        settings = given.take("sidecar_env", own_settings, {})
        resources = given.named("sidecar_resources", checks.resources, sidecar_container.RESOURCES)
        user = (
            None
            if args.get("sidecar_user", USER) is None
            else given.named("sidecar_user", pod_checks.sidecar_user, USER)
        )
        files = given.take("sidecar_files", partial(pod_checks.sidecar_files, taken=TOKEN_FOLDER), {})
        metrics = None
        if "metrics_namespaces" in given:
            metrics = given.check(_metrics_namespaces, given.get("metrics_namespaces"))
        endpoint_url = given.take("endpoint_url", aws_checks.endpoint_url)
        annotations = given.take("app_containers", _annotations, ["app"])
        tags = given.take("tags", checks.tags)
        super().__init__("secret-access:index:AwsSecretAccess", name, {}, opts)
        child = children_of(self, opts)

        role = iam.Role(
            f"{name}-role",
            name=role_name,
            description=pulumi.Output.format("Secrets {0}* for pods of the namespace {1}", prefix, namespace),
            assume_role_policy=lift(_trust, provider, namespace, account_name),
            permissions_boundary=boundary,
            force_detach_policies=True,  # else one that was added by hand would keep the role from being deleted
            tags=tags,
            # AWS deletes no policy that a role still has: policies of the same program have to outlive the role
            opts=waiting_for(child, attached),
        )
        policy = iam.RolePolicy(
            f"{name}-policy",
            name="own-secrets",
            role=role.name,
            policy=lift(_grant, provider, region, prefix, access, keys),
            opts=child,
        )
        inline = iam.RolePoliciesExclusive(
            f"{name}-policies", role_name=role.name, policy_names=[policy.name], opts=child
        )
        managed = iam.RolePolicyAttachmentsExclusive(
            f"{name}-attachments", role_name=role.name, policy_arns=attached, opts=child
        )
        complete = pulumi.Output.all(role.arn, policy.id, inline.id, managed.id)
        self.identity = complete.apply(lambda known: str(known[0]))
        self.service_account_name = (service_account.read if existing else service_account.create)(
            f"{name}-service-account",
            namespace=namespace,
            service_account_name=account_name,
            role_arn=self.identity,
            irsa=irsa,
            labels=labels if "labels" in given else None,
            opts=child,
        )

        self.namespace = pulumi.Output.from_input(namespace)
        self.subject = pulumi.Output.from_input(lift(documents.subject, namespace, account_name))
        self.secret_prefix = pulumi.Output.from_input(prefix)
        self.pod_labels = pulumi.Output.from_input(labels)
        if metrics is not None:
            self.pod_labels = pulumi.Output.from_input(lift(network_policy.pod_labels, labels, account_name))
            spec: Any = lift(network_policy.health_policy, account_name, metrics)
            k8s.networking.v1.NetworkPolicy(
                f"{name}-health-policy",
                metadata={"name": lift(network_policy.health_policy_name, account_name), "namespace": namespace},
                spec=spec,
                opts=child,
            )
        self.pod_annotations = pulumi.Output.from_input(annotations)
        self.sidecar = pulumi.Output.from_input(
            lift(
                sidecar_container.container,
                image=image,
                env=lift(
                    environment,
                    namespace=namespace,
                    secret_prefix=prefix,
                    secrets=declared,
                    region=region,
                    role_arn=self.identity,
                    port=port,
                    endpoint_url=endpoint_url,
                    access=access,
                    settings=settings,
                ),
                token_folder=TOKEN_FOLDER,
                resources=resources,
                user=user,
                files=files,
            )
        )
        self.volumes = pulumi.Output.from_input(lift(_volumes, lifetime, files))
        self.url = pulumi.Output.from_input(lift(sidecar_container.url, port))
        self.register_outputs(
            {
                "namespace": self.namespace,
                "serviceAccountName": self.service_account_name,
                "subject": self.subject,
                "identity": self.identity,
                "secretPrefix": self.secret_prefix,
                "podLabels": self.pod_labels,
                "podAnnotations": self.pod_annotations,
                "sidecar": self.sidecar,
                "volumes": self.volumes,
                "url": self.url,
            }
        )

    def for_workload(self) -> WorkloadAccess:
        """Return the argument `access` of SecretWorkload."""
        return {
            "namespace": self.namespace,
            "service_account_name": self.service_account_name,
            "pod_labels": self.pod_labels,
            "pod_annotations": self.pod_annotations,
            "sidecar": self.sidecar,
            "volumes": self.volumes,
            "url": self.url,
        }


def _region(provider: OidcProvider, name: object) -> str:
    return aws_checks.region_of(provider.partition, name)


def _prefix(namespace: str, prefix: object) -> str:
    return checks.default_prefix(namespace) if prefix is None else aws_checks.secret_prefix(prefix)


def _role_name(namespace: str, name: object) -> str:
    return aws_checks.role_name(f"secret-access-{namespace}" if name is None else name)


def _declared(secrets: object, prefix: str) -> list[str]:
    return aws_checks.declared_secrets([] if secrets is None else secrets, prefix)


def _keys(arns: object, region: str) -> list[str]:
    return aws_checks.kms_key_arns([] if arns is None else arns, region)


def _attached(arns: object, provider: OidcProvider) -> list[str]:
    return aws_checks.policy_arns([] if arns is None else arns, provider.account_id, provider.partition)


def _boundary(arn: object, provider: OidcProvider) -> str | None:
    return aws_checks.permissions_boundary(arn, provider.account_id, provider.partition)


def _trust(provider: OidcProvider, namespace: str, account_name: str) -> str:
    return documents.render(documents.trust_policy(provider, documents.subject(namespace, account_name)))


def _grant(provider: OidcProvider, region: str, prefix: str, access: Access, keys: list[str]) -> str:
    return documents.render(documents.secrets_policy(provider, region, prefix, access, keys))


def _metrics_namespaces(names: object) -> list[str]:
    """Return namespaces; None, if an Output turns out to be it, comes too late to make no policy."""
    return checks.namespaces("metrics_namespaces", names)


def _annotations(app_containers: object) -> dict[str, str]:
    """Return the annotation that keeps the EKS webhook from giving containers a token for the role."""
    names = pod_checks.app_containers(app_containers)
    return {pod_checks.SKIP_ANNOTATION: ",".join([*names, sidecar_container.CONTAINER])}


def _volumes(lifetime: int, files: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [sidecar_container.token_volume(documents.AUDIENCE, lifetime), *sidecar_container.file_volumes(files)]
