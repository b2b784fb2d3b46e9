"""A namespace's identity on AWS: IAM role for one ServiceAccount (IRSA), with access to one prefix of secrets."""

from collections.abc import Mapping, Sequence
from typing import NotRequired

import pulumi
from pulumi_aws import iam

from .. import checks
from ..access import SecretAccess, SecretAccessArgs, common_arguments
from ..arguments import Arguments
from ..checks import Access
from ..inputs import children_of, lift, waiting_for
from ..pods import checks as pod_checks
from ..pods import sidecar_container
from . import checks as aws_checks
from . import documents
from .documents import OidcProvider
from .environment import BACKEND, variables

ROLE_ANNOTATION = "secret-access/role-arn"
IRSA_ANNOTATION = "eks.amazonaws.com/role-arn"


class AwsSecretAccessArgs(SecretAccessArgs):
    """Arguments of AwsSecretAccess."""

    oidc_provider_arn: pulumi.Input[str]
    """ARN of the cluster's OIDC provider in IAM: the output of ClusterTrust. The role and the secrets are in its
    account.
    Example: `arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539`."""
    region: pulumi.Input[str]
    """The region of the secrets. Example: `us-east-1`."""
    irsa_annotation: NotRequired[pulumi.Input[bool]]
    """The ServiceAccount carries `eks.amazonaws.com/role-arn` too. EKS's webhook then gives a token for the role to
    every container of every pod that runs as it, but for those in `app_containers` of pods with `pod_annotations`.
    Default: false; the sidecar needs no webhook."""
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
    app_containers: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of the pods' other containers, so that the EKS webhook gives them no token where `irsa_annotation` or an
    EKS Pod Identity association would have it. Default: `["app"]`."""
    endpoint_url: NotRequired[pulumi.Input[str]]
    """Endpoint that the sidecar uses in place of AWS's own. Default: none. Example: `http://10.78.0.1:4566`."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Tags of the role. Default: none. Example: `{"team": "a"}`."""


class AwsSecretAccess(SecretAccess):
    """A namespace's identity on AWS, which may use the secrets under one prefix and nothing else.

    Creates an IAM role that only the namespace's ServiceAccount can assume, its policy, and the ServiceAccount, and
    returns the sidecar that serves the secrets on localhost. It owns all policies of the role: one that somebody adds
    by hand shows at `pulumi refresh`, and `pulumi up --refresh` removes it. The output `identity` is the role's ARN.
    """

    def __init__(self, name: str, args: AwsSecretAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"AwsSecretAccess {name!r}", args, AwsSecretAccessArgs)
        provider = given.take("oidc_provider_arn", aws_checks.oidc_provider)
        common = common_arguments(given, BACKEND)
        region = given.check(_region, provider, given.get("region"))
        role_name = given.check(_role_name, common.namespace, given.get("role_name"))
        keys = given.check(_keys, given.get("kms_key_arns"), region)
        attached = given.check(_attached, given.get("policy_arns"), provider)
        boundary = given.check(_boundary, given.get("permissions_boundary"), provider)
        irsa = given.named("irsa_annotation", checks.flag, False)
        endpoint_url = given.take("endpoint_url", aws_checks.endpoint_url)
        pod_annotations = given.take("app_containers", _pod_annotations, ["app"])
        tags = given.take("tags", checks.tags)
        super().__init__("secret-access:index:AwsSecretAccess", name, {}, opts)
        child = children_of(self, opts)

        role = iam.Role(
            f"{name}-role",
            name=role_name,
            description=lift(_description, common.prefix, common.namespace),
            assume_role_policy=lift(_trust, provider, common.subject),
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
            policy=lift(_grant, provider, region, common.prefix, common.access, keys),
            opts=child,
        )
        inline = iam.RolePoliciesExclusive(
            f"{name}-policies", role_name=role.name, policy_names=[policy.name], opts=child
        )
        managed = iam.RolePolicyAttachmentsExclusive(
            f"{name}-attachments", role_name=role.name, policy_arns=attached, opts=child
        )
        complete = pulumi.Output.all(role.arn, policy.id, inline.id, managed.id)
        identity = complete.apply(lambda known: str(known[0]))
        self._serve(
            name,
            common,
            child,
            identity=identity,
            audience=documents.AUDIENCE,
            variables=lift(variables, region=region, role_arn=identity, endpoint_url=endpoint_url),
            account_annotations=lift(_account_annotations, identity, irsa),
            refused_annotations=lift(_refused_annotations, irsa),
            pod_annotations=pod_annotations,
        )


def _region(provider: OidcProvider, name: object) -> str:
    return aws_checks.region_of(provider.partition, name)


def _role_name(namespace: str, name: object) -> str:
    return aws_checks.role_name(f"secret-access-{namespace}" if name is None else name)


def _keys(arns: object, region: str) -> list[str]:
    return aws_checks.kms_key_arns([] if arns is None else arns, region)


def _attached(arns: object, provider: OidcProvider) -> list[str]:
    return aws_checks.policy_arns([] if arns is None else arns, provider.account_id, provider.partition)


def _boundary(arn: object, provider: OidcProvider) -> str | None:
    return aws_checks.permissions_boundary(arn, provider.account_id, provider.partition)


def _description(prefix: str, namespace: str) -> str:
    return f"Secrets {prefix}* for pods of the namespace {namespace}"


def _trust(provider: OidcProvider, subject: str) -> str:
    return documents.render(documents.trust_policy(provider, subject))


def _grant(provider: OidcProvider, region: str, prefix: str, access: Access, keys: list[str]) -> str:
    return documents.render(documents.secrets_policy(provider, region, prefix, access, keys))


def _account_annotations(role_arn: str, irsa: bool) -> dict[str, str]:
    """Return a ServiceAccount's annotations: its role, for people, and for the EKS webhook only where asked for."""
    return {ROLE_ANNOTATION: role_arn, **({IRSA_ANNOTATION: role_arn} if irsa else {})}


def _refused_annotations(irsa: bool) -> dict[str, str]:
    """Return the annotation that may not be there unless it was asked for, whatever role it names.

    The webhook would give containers a token of this ServiceAccount, and that is all that it takes to become the role.
    """
    if irsa:
        return {}
    webhook = "the EKS webhook would give a token for a role to every container that runs as it"
    return {IRSA_ANNOTATION: f"{webhook} (set irsa_annotation if the containers are to have it)"}


def _pod_annotations(app_containers: object) -> dict[str, str]:
    """Return the annotation that keeps the EKS webhook from giving containers a token for the role."""
    names = pod_checks.app_containers(app_containers)
    return {pod_checks.SKIP_ANNOTATION: ",".join([*names, sidecar_container.CONTAINER])}
