"""A namespace's identity on Google Cloud: a principal of a workload identity pool, or a service account."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NotRequired

import pulumi
from pulumi_gcp import projects, secretmanager, serviceaccount

from .. import checks
from ..access import CommonArguments, SecretAccess, SecretAccessArgs, common_arguments
from ..arguments import Arguments
from ..inputs import children_of, lift
from . import checks as gcp_checks
from . import documents, external_store
from .documents import GLOBAL, GcpGrant
from .environment import BACKEND, variables
from .identity import Identity, identity
from .rights import Rights, Role, admitted, counted, rights

IDENTITY_ANNOTATION = "secret-access/google-identity"


class GcpSecretAccessArgs(SecretAccessArgs):
    """Arguments of GcpSecretAccess."""

    project: pulumi.Input[str]
    """Id of the project that has the secrets. Example: `my-project`."""
    project_number: pulumi.Input[str]
    """Number of that project: conditions on secrets' names take no id. Example: `123456789012`."""
    workload_identity_provider: pulumi.Input[str]
    """Who exchanges the cluster's tokens: the output of GcpClusterTrust.
    Example: `//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/blue/providers/cluster`."""
    pool_project_number: NotRequired[pulumi.Input[str]]
    """Number of the project of GKE's pool. Default: `project_number`; required if the cluster is of another project
    than the secrets."""
    google_service_account: NotRequired[pulumi.Input[str]]
    """Email of a service account that exists, for pods to impersonate; what else it may do is not checked.
    Default: none, the pods' own principal has the rights.
    Example: `test-secrets@my-project.iam.gserviceaccount.com`."""
    google_service_account_id: NotRequired[pulumi.Input[str]]
    """Id of a service account to create in `project`, for pods to impersonate. Default: none, as above.
    Example: `test-secrets`."""
    shared_identity: NotRequired[bool]
    """Other components may be the same identity, and read what this one may: the same namespace and ServiceAccount in
    another cluster of GKE's pool, or another namespace with the same service account. Default: false; within one
    program it is refused."""
    grant: NotRequired[GcpGrant]
    """`secrets`: a binding on each secret in `secrets`, which must exist. `prefix`: one on the project, with a
    condition on the prefix, for secrets that do not exist yet too. Default: `secrets`."""
    exclusive: NotRequired[bool]
    """With `secrets`: the roles on each secret are this identity's alone; members that others gave them are removed.
    Default: false, they are left alone."""
    location: NotRequired[str]
    """Region of the secrets, for regional ones. Default: `global`. Example: `europe-west3`."""
    granted_locations: NotRequired[Sequence[str]]
    """Regions, and `global`, whose secrets the identity may read, to move from one to another. Default: `location`
    alone. Example: `["global", "europe-west3"]`."""
    events: NotRequired[bool]
    """The identity may see the numbers of versions, which event streams need. Default: false, a stream answers 403."""
    events_role: NotRequired[pulumi.Input[str]]
    """Role that has `secretmanager.versions.get`. Default: `roles/secretmanager.viewer`, which sees labels and policies
    too. Example: `projects/my-project/roles/secretVersionWatcher`."""
    write_role: NotRequired[pulumi.Input[str]]
    """Role for `read_write`. Default: `roles/secretmanager.secretVersionAdder`, with which PUT works, and neither POST
    nor DELETE. Example: `projects/my-project/roles/secretWriter`."""
    token_audience: NotRequired[pulumi.Input[str]]
    """Audience of the sidecar's token, if the provider was told to expect another than Google's own; GKE's pool takes
    no other. Default: Google's own. Example: `secrets.example`."""
    endpoint_url: NotRequired[pulumi.Input[str]]
    """Server that the sidecar uses in place of Google's own. Default: none. Example: `http://10.78.0.1:4570`."""


class GcpSecretAccess(SecretAccess):
    """A namespace's identity on Google Cloud, which may use its own secrets and nothing else.

    Binds the roles of Secret Manager that it needs to the principal of the namespace's ServiceAccount, or to a service
    account that this one alone may impersonate, makes the ServiceAccount, and returns the sidecar that serves the
    secrets on localhost. The output `identity` is the principal, or the service account's email. Bindings of others
    are left alone.
    """

    def __init__(self, name: str, args: GcpSecretAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        where = f"GcpSecretAccess {name!r}"
        given = Arguments(where, args, GcpSecretAccessArgs)
        project = given.take("project", gcp_checks.project)
        number = given.take("project_number", gcp_checks.project_number)
        common = common_arguments(given, BACKEND)
        shared = given.plain("shared_identity", partial(checks.flag, "shared_identity"), False)
        who = identity(given, where, common, project, number, shared)
        what = admitted(given, where, project, rights(given, common, number), who.member)
        title = lift(documents.display_name, common.namespace)
        conditions: list[pulumi.Input[str]] = []
        if what.condition is not None:
            conditions = [counted(given, project, role, who.member, title, what.condition) for role in what.roles]
        endpoint_url = given.take("endpoint_url", gcp_checks.endpoint_url)
        external = None
        if common.external:
            external = given.check(external_store.provider, common.account_name, project, who.provider, what.location)
        super().__init__("secret-access:index:GcpSecretAccess", name, {}, opts)
        child = children_of(self, opts)

        account = _service_account(name, project, common, who, child)
        member = who.member if account is None else account.apply(documents.account_member)
        if what.condition is None:
            made = _on_each_secret(name, project, what, member, child)
        else:
            titled = {"title": title, "description": who.description}
            made = _on_the_project(name, project, what.roles, conditions, member, titled, child)
        complete = pulumi.Output.all(who.name if account is None else account, *(resource.id for resource in made))
        known = complete.apply(lambda values: str(values[0]))
        self._serve(
            name,
            common,
            child,
            identity=known,
            audience=who.audience,
            variables=lift(
                variables,
                project=project,
                provider=who.provider,
                email=None if who.email is None else known,
                location=what.location,
                endpoint_url=endpoint_url,
            ),
            account_annotations=_account_annotations(
                known, known if common.external and who.email is not None else None
            ),
            external_provider=external,
        )


def _service_account(
    name: str,
    project: pulumi.Input[str],
    common: CommonArguments,
    who: Identity,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str] | None:
    """Let the namespace's ServiceAccount impersonate the service account, and return its email once that holds.

    The policy of one that is created here is owned whole; in that of another only this one member is.
    """
    if who.email is None:
        return None
    if who.account_id is None:
        member = serviceaccount.IAMMember(
            f"{name}-impersonation",
            service_account_id=lift(documents.account_name, who.email),
            role=documents.WORKLOAD_IDENTITY_USER,
            member=who.impersonator,
            opts=opts,
        )
        return pulumi.Output.all(who.email, member.id).apply(lambda values: str(values[0]))
    account = serviceaccount.Account(
        f"{name}-account",
        account_id=who.account_id,
        project=project,
        display_name=lift(documents.display_name, common.namespace),
        opts=opts,
    )
    policy = serviceaccount.IAMPolicy(
        f"{name}-impersonation",
        service_account_id=account.name,
        policy_data=lift(documents.account_policy, who.impersonator),
        opts=opts,
    )
    return pulumi.Output.all(account.email, policy.id).apply(lambda values: str(values[0]))


def _on_each_secret(
    name: str, project: pulumi.Input[str], what: Rights, member: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> list[pulumi.CustomResource]:
    """Bind the roles on each secret; members of other roles there keep them."""
    return [
        _on_a_secret(name, project, role, declared, secret, location, member, what.exclusive, opts)
        for role in what.roles
        for declared, secret in what.secrets.items()
        for location in what.locations
    ]


def _on_a_secret(
    name: str,
    project: pulumi.Input[str],
    role: Role,
    declared: str,
    secret: pulumi.Input[str],
    location: str,
    member: pulumi.Input[str],
    exclusive: bool,
    opts: pulumi.ResourceOptions,
) -> pulumi.CustomResource:
    where = {"project": project, "secret_id": secret, "role": role.name}
    resource = f"{name}-{role.purpose}/{declared}"
    if location != GLOBAL:
        where, resource = {**where, "location": location}, f"{resource}@{location}"
        binding, one = secretmanager.RegionalSecretIamBinding, secretmanager.RegionalSecretIamMember
    else:
        binding, one = secretmanager.SecretIamBinding, secretmanager.SecretIamMember
    made: pulumi.CustomResource = (
        binding(resource, **where, members=[member], opts=opts)
        if exclusive
        else one(resource, **where, member=member, opts=opts)
    )
    return made


def _on_the_project(
    name: str,
    project: pulumi.Input[str],
    roles: Sequence[Role],
    conditions: Sequence[pulumi.Input[str]],
    member: pulumi.Input[str],
    titled: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.CustomResource]:
    """Bind the roles on the project, each under the condition, with its title and description.

    The resource owns its role under this one condition alone: no other binding of the project's policy is touched, and
    a member added to this one by hand is removed.
    """
    return [
        projects.IAMBinding(
            f"{name}-{role.purpose}",
            project=project,
            role=role.name,
            members=[member],
            condition={**titled, "expression": condition},
            opts=opts,
        )
        for role, condition in zip(roles, conditions, strict=True)
    ]


def _account_annotations(
    identity: pulumi.Input[str], external_email: pulumi.Input[str] | None
) -> dict[str, pulumi.Input[str]]:
    """Return the annotations of the ServiceAccount that name its identity: for people, and for the operator."""
    external = {} if external_email is None else {external_store.ACCOUNT_ANNOTATION: external_email}
    return {IDENTITY_ANNOTATION: identity, **external}
