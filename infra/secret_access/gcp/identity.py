"""The identity of a namespace on Google Cloud, from a component's arguments: a principal, or a service account."""

from dataclasses import dataclass
from typing import Any

import pulumi

from ..access import CommonArguments
from ..arguments import Arguments
from ..inputs import lift
from . import checks, documents, provider_checks
from .documents import WorkloadIdentityProvider
from .program_limits import SEEN, Owner


@dataclass(frozen=True)
class Identity:
    """Who the sidecar becomes; some may be known only later."""

    provider: pulumi.Input[WorkloadIdentityProvider]
    audience: pulumi.Input[str]
    """The audience of the ServiceAccount's token."""
    impersonator: pulumi.Input[str]
    """The ServiceAccount's pods, as a service account's policy spells them."""
    name: pulumi.Input[str]
    """The principal, or the service account's email."""
    member: pulumi.Input[str]
    """The same as a binding spells it."""
    description: pulumi.Input[str]
    """The same in the description of a condition, where no two identities have the same."""
    email: pulumi.Input[str] | None
    """The service account's, if there is one."""
    account_id: pulumi.Input[str] | None
    """Id of the service account if it is to be created."""


def identity(
    given: Arguments,
    where: str,
    common: CommonArguments,
    project: pulumi.Input[str],
    project_number: pulumi.Input[str],
    shared: bool,
) -> Identity:
    """Return the identity that the arguments describe, checked; raises InvalidArgument."""
    provider = given.take("workload_identity_provider", provider_checks.workload_identity_provider)
    pool_project = given.check(
        provider_checks.pool_project, provider, given.get("pool_project_number"), project, project_number
    )
    accounts = ("google_service_account", "google_service_account_id")
    given.check(checks.one_account, [name for name in accounts if name in given])
    email = given.optional("google_service_account", checks.google_service_account)
    account_id = given.optional("google_service_account_id", checks.google_service_account_id)
    if account_id is not None:
        email = lift(documents.account_email, account_id, project)
    who = (provider, pool_project, common.namespace, common.account_name)
    subject = given.check(provider_checks.subject_length, provider, common.namespace, common.account_name)
    seen = SEEN.get()

    def owned(principal: str, email: str | None, provider: WorkloadIdentityProvider, subject: str) -> str:
        owner = Owner(where, provider.name, subject, shared)
        seen.own(principal, owner)
        return principal if email is None else seen.own(email, owner)

    name = given.check(owned, lift(documents.principal, *who), email, provider, subject)
    return Identity(
        provider=provider,
        audience=given.check(provider_checks.audience_of, provider, given.get("token_audience")),
        impersonator=lift(_impersonator, name, *who),
        name=name,
        member=name if email is None else lift(documents.account_member, name),
        description=given.check(checks.condition_description, name),
        email=None if email is None else name,
        account_id=account_id,
    )


def _impersonator(_owned: str, *who: Any) -> str:
    """Return who may become the service account, once no other component is known to be the same principal."""
    return documents.impersonator(*who)
