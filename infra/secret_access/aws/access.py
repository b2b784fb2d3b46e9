"""A namespace's identity on AWS: an IAM role, by IRSA or EKS Pod Identity, with access to one prefix of secrets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NotRequired

import pulumi

from .. import checks
from ..access import CommonArguments, SecretAccess, SecretAccessArgs, common_arguments
from ..arguments import Arguments
from ..checks import Access
from ..inputs import children_of, lazy_output, lift, once_known
from ..pods import checks as pod_checks
from ..pods import sidecar_container, sidecar_settings
from . import checks as aws_checks
from . import documents, eks_checks, external_store, identity_choice, role_checks, sharing
from .association import AssociationArguments, associated_namespace, make_association, session_policy
from .documents import Document
from .environment import AGENT_URL, BACKEND, irsa_variables, pod_identity_variables
from .identifiers import Account, Cluster, OidcProvider, Role
from .identity_choice import PodIdentity
from .role import make_role, policy_text, role_arguments, trust_text
from .role_arguments import RoleArgs
from .trust import IRSA_AUDIENCE, NONE, POD_IDENTITY_AUDIENCE, Conditions, irsa_trust, pod_identity_trust
from .trust_conditions import IRSA, POD_IDENTITY

ROLE_ANNOTATION = "secret-access/role-arn"
IRSA_ANNOTATION = "eks.amazonaws.com/role-arn"


class AwsSecretAccessArgs(SecretAccessArgs, RoleArgs):
    """Arguments of AwsSecretAccess."""

    region: pulumi.Input[str]
    """The region of the secrets. Example: `us-east-1`."""
    oidc_provider_arn: NotRequired[pulumi.Input[str]]
    """ARN of the cluster's OIDC provider in IAM, for IRSA: the output of ClusterTrust. The role and the secrets are in
    its account. Default: none.
    Example: `arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539`."""
    oidc_provider_arns: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The same for a role that pods of several clusters may assume, as while one cluster replaces another.
    Default: none. Example: `["arn:aws:iam::111122223333:oidc-provider/10.78.0.1"]`."""
    pod_identity: NotRequired[PodIdentity]
    """The identity comes from EKS Pod Identity: `role_per_namespace`, `session_policies` or `session_tags`. The last
    two take the role of an AwsSharedRole. Default: none, it comes from IRSA."""
    eks_cluster_arn: NotRequired[pulumi.Input[str]]
    """ARN of the EKS cluster that the association is made in, for Pod Identity. Default: none.
    Example: `arn:aws:eks:us-east-1:111122223333:cluster/blue`."""
    existing_role_arn: NotRequired[pulumi.Input[str]]
    """ARN of a role that exists, or of an AwsSharedRole. It is neither changed nor checked.
    Default: none, a role is created. Example: `arn:aws:iam::111122223333:role/secret-access-blue`."""
    target_role_arn: NotRequired[pulumi.Input[str]]
    """ARN of the role that reads the secrets where these are in another account: EKS assumes it with the namespace's
    role. Pod Identity alone. Default: none. Example: `arn:aws:iam::444455556666:role/secret-access-test`."""
    pod_identity_agent_url: NotRequired[pulumi.Input[str]]
    """Where the agent of Pod Identity answers: `http://[fd00:ec2::23]/v1/credentials` in clusters of IPv6.
    Default: `http://169.254.170.23/v1/credentials`."""
    irsa_annotation: NotRequired[pulumi.Input[bool]]
    """The ServiceAccount carries `eks.amazonaws.com/role-arn` too. EKS's webhook then gives a token for the role to
    every container of every pod that runs as it, but for those in `app_containers` of pods with `pod_annotations`.
    Default: false; the sidecar needs no webhook."""
    role_name: NotRequired[pulumi.Input[str]]
    """Name of the role, unique in the account, at most 64 characters. Default: `secret-access-` and the namespace.
    Example: `secret-access-blue-test`."""
    session_duration: NotRequired[pulumi.Input[int]]
    """Seconds that credentials of IRSA last, 900 to 43200. Pod Identity decides that itself. Default: 3600."""
    app_containers: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of the other containers in pods that get `pod_annotations` by hand, so that the EKS webhook gives them no
    token where `irsa_annotation` or an EKS Pod Identity association would have it. Default: `["app"]`."""
    endpoint_url: NotRequired[pulumi.Input[str]]
    """Endpoint that the sidecar uses in place of AWS's own. Default: none. Example: `http://10.78.0.1:4566`."""


class AwsSecretAccess(SecretAccess):
    """A namespace's identity on AWS, which may use the secrets under one prefix and nothing else.

    Creates an IAM role that only the namespace's ServiceAccount can assume, its policy, and the ServiceAccount, and
    returns the sidecar that serves the secrets on localhost. It owns all policies of the role: one that is added
    by hand shows at `pulumi refresh`, and `pulumi up --refresh` removes it. The output `identity` is the ARN of the
    role that reads. With `pod_identity` it creates the ServiceAccount's association too, with `existing_role_arn` no
    role.
    """

    external_id: pulumi.Output[str | None] = lazy_output()
    """The `externalId` with which EKS assumes the target role, for `external_id` of AwsTargetRole; none without
    `target_role_arn`."""

    def __init__(self, name: str, args: AwsSecretAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        where = f"AwsSecretAccess {name!r}"
        given = Arguments(where, args, AwsSecretAccessArgs)
        mode = given.plain("pod_identity", identity_choice.pod_identity)
        given.check(partial(identity_choice.check, mode, args))
        common = common_arguments(given, BACKEND)
        way = _irsa(given, common) if mode is None else _pod_identity(given, common)
        region = given.take("region", aws_checks.region)
        account = given.check(_with_region, way.account, way.named_by, region)
        replicas = given.beside("replica_regions", aws_checks.replica_regions, region, left_out=[])
        keys = given.beside("kms_key_arns", aws_checks.kms_key_arns, region, replicas, left_out=[])
        target = given.optional("target_role_arn", partial(role_checks.role_arn, argument="target_role_arn"))
        if target is not None:
            target = given.check(sharing.owned(where, "target_role_arn"), target, common.namespace, common.prefix)
        way = _agreed(given, sharing.used(where, mode, is_restricted=target is not None), way, common)
        is_granted = target is None and (way.trust is not None or mode is PodIdentity.SESSION_POLICIES)
        if not is_granted:  # no policy needs the account, so the sidecar waits for its check
            region = lift(_once_checked, region, account)
        exact = given.check(partial(aws_checks.exact_names, is_granted=is_granted), common.declared, common.prefix)
        grants = (account, region, common.prefix, common.access, keys, replicas, exact)
        role = None
        if way.trust is not None:
            role = role_arguments(given, way.account, lift("secret-access-{}".format, common.namespace))
            own_policy = partial(_own_policy, sharing.owned(where, "role_name"))
            known = (role.name, role.path, common.namespace, *grants)
            own = given.check(own_policy, *known) if target is None else lift(_target_policy, target)
        association = None
        if way.cluster is not None:
            association = AssociationArguments(
                cluster=way.cluster,
                namespace=given.check(associated_namespace, common.namespace, common.prefix, mode),
                service_account=common.account_name,
                policy=given.check(session_policy, *grants) if mode is PodIdentity.SESSION_POLICIES else None,
                target_role_arn=None if target is None else lift(_arn, target),
                tags=given.take("tags", checks.tags),
            )
        duration = given.optional("session_duration", role_checks.session_duration)
        irsa = common.external or given.named("irsa_annotation", checks.flag, False)
        endpoint_url = given.check(_endpoint_url, given.get("endpoint_url"), common.settings)
        agent_url = given.take("pod_identity_agent_url", eks_checks.agent_url, AGENT_URL)
        pod_annotations = given.take("app_containers", _pod_annotations, ["app"])
        external = lift(external_store.provider, common.account_name, region) if common.external else None
        super().__init__("secret-access:index:AwsSecretAccess", name, {}, opts)
        child = children_of(self, opts)

        if role is None or way.trust is None:
            identity = pulumi.Output.from_input(way.role_arn)
        else:
            description = lift(_description, common.prefix, common.namespace)
            identity = make_role(name, role, description, way.trust, own, child, session_duration=duration)
        self._external_id: pulumi.Output[str] | None = None
        if association is not None:
            identity, self._external_id = make_association(name, association, identity, child)
        told = {"region": region, "endpoint_url": endpoint_url, "replica_regions": replicas}
        if association is None:
            variables = lift(irsa_variables, role_arn=identity, session_duration=duration, **told)
        else:
            variables = lift(pod_identity_variables, agent_url=agent_url, **told)
        self._serve(
            name,
            common,
            child,
            identity=identity,
            audience=way.audience,
            variables=variables,
            account_annotations=once_known(irsa, partial(_account_annotations, identity)),
            refused_annotations=lift(_refused_annotations, irsa) if association is None else {},
            pod_annotations=pod_annotations,
            external_provider=external,
            outputs=None if self._external_id is None else {"externalId": self._external_id},
        )


@dataclass(frozen=True)
class _Way:
    """How the ServiceAccount gets to the role."""

    account: pulumi.Input[Account]
    """The account of the role."""
    named_by: str
    """The argument that says so."""
    audience: str
    """Of the sidecar's token."""
    trust: pulumi.Input[str] | None = None
    """None: the role exists."""
    role_arn: pulumi.Input[str] = ""
    """Empty: the role is created."""
    cluster: pulumi.Input[Cluster] | None = None
    """The cluster of the association. None: IRSA."""


def _endpoint_url(url: object, settings: Mapping[str, str]) -> str | None:
    given = aws_checks.endpoint_url(url)
    if given is not None:
        sidecar_settings.check_endpoints("sidecar_env", settings, "endpoint_url")
    return given


def _irsa(given: Arguments, common: CommonArguments) -> _Way:
    existing = given.optional("existing_role_arn", _existing)
    if existing is not None:
        return _Way(existing, "existing_role_arn", IRSA_AUDIENCE, role_arn=lift(_arn, existing))
    if "oidc_provider_arns" in given:
        providers = given.take("oidc_provider_arns", aws_checks.oidc_providers)
        account: pulumi.Input[OidcProvider] = lift(_first, providers)
        trust = trust_text(given, IRSA, irsa_trust, providers, common.subject)
    else:
        account = given.take("oidc_provider_arn", aws_checks.oidc_provider)
        trust = trust_text(given, IRSA, _trust_in_one, account, common.subject)
    return _Way(account, "oidc_provider_arn", IRSA_AUDIENCE, trust=trust)


def _pod_identity(given: Arguments, common: CommonArguments) -> _Way:
    cluster = given.take("eks_cluster_arn", eks_checks.cluster)
    way = partial(_Way, cluster, "eks_cluster_arn", POD_IDENTITY_AUDIENCE, cluster=cluster)
    if "existing_role_arn" in given:
        return way(role_arn=given.check(_of_the_cluster, given.get("existing_role_arn"), cluster))
    return way(
        trust=trust_text(given, POD_IDENTITY, pod_identity_trust, cluster, common.namespace, common.account_name)
    )


def _agreed(given: Arguments, used: Callable[[str, str, str, Access], str], way: _Way, common: CommonArguments) -> _Way:
    """Return the way; its existing role is one that the program's other components leave to this one."""
    if way.trust is not None:
        return way
    return replace(way, role_arn=given.check(used, way.role_arn, common.namespace, common.prefix, common.access))


def _trust_in_one(provider: OidcProvider, subject: str, conditions: Conditions = NONE) -> Document:
    return irsa_trust([provider], subject, conditions)


def _first(providers: list[OidcProvider]) -> OidcProvider:
    return providers[0]


def _existing(arn: object) -> Role:
    return role_checks.role_arn(arn, "existing_role_arn")


def _of_the_cluster(arn: object, cluster: Cluster) -> str:
    reason = "EKS passes a role of the cluster's own account alone"
    return role_checks.role_of("existing_role_arn", _existing(arn), cluster, reason).arn


def _arn(role: Role) -> str:
    return role.arn


def _with_region(account: Account, named_by: str, region: str) -> Account:
    aws_checks.region_of(account.partition, region, named_by)
    return account


def _once_checked(region: str, _: Account) -> str:
    return region


def _own_policy(
    owned: Callable[[Role, str, str], Role],
    name: str,
    path: str | None,
    namespace: str,
    account: Account,
    region: str,
    prefix: str,
    *grants: Any,
) -> str:
    """Return the policy of a role that is created, if no other component of the program has it for other secrets."""
    owned(Role.of(account, path, name), namespace, prefix)
    return policy_text(documents.secrets_policy(account, region, prefix, *grants))


def _target_policy(target: Role) -> str:
    return policy_text(documents.target_role_policy(target))


def _description(prefix: str, namespace: str) -> str:
    return f"Secrets {prefix}* for pods of the namespace {namespace}"


def _account_annotations(role_arn: pulumi.Input[str], irsa: bool) -> dict[str, pulumi.Input[str]]:
    """Return a ServiceAccount's annotations: its role, for people, and for the EKS webhook only where asked for."""
    return {ROLE_ANNOTATION: role_arn, **({IRSA_ANNOTATION: role_arn} if irsa else {})}


def _refused_annotations(irsa: bool) -> dict[str, str]:
    """Return the annotation that may not be there unless it was asked for, for any role.

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
