"""A role of the components' own: every policy that it has is the component's."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
from pulumi.output import UNKNOWN, Unknown
from pulumi_aws import iam

from ..arguments import Arguments
from ..checks import invalid
from ..checks import tags as check_tags
from ..inputs import lift, waiting_for
from . import checks, role_checks
from .documents import Document, compact, render
from .identifiers import Account
from .trust import NONE, issuers_of, keys_of
from .trust_conditions import Sender, trust_conditions

POLICY_LIMIT = 10_240
"""Characters of all inline policies of a role (IAM User Guide, "IAM and AWS STS quotas")."""
TRUST_LIMIT = 2_048
SECONDS_AT_LEAST = 3600
"""The least that a role's maximum session duration can be."""


@dataclass(frozen=True)
class RoleArguments:
    """The values of RoleArgs, checked, and the role's name."""

    name: pulumi.Input[str]
    path: pulumi.Input[str] | None
    boundary: pulumi.Input[str | None]
    attached: pulumi.Input[list[str]]
    tags: pulumi.Input[dict[str, str] | None]


def role_arguments(given: Arguments, account: pulumi.Input[Account], name: pulumi.Input[str]) -> RoleArguments:
    """Return what the arguments say of the role, checked; raises InvalidArgument. `name` is the default."""
    return RoleArguments(
        name=given.check(_name, given.get("role_name"), name),
        path=given.optional("role_path", role_checks.role_path),
        boundary=given.beside("permissions_boundary", _boundary, account, left_out=None),
        attached=given.beside("policy_arns", _attached, account, left_out=[]),
        tags=given.take("tags", check_tags),
    )


def make_role(
    name: str,
    role: RoleArguments,
    description: pulumi.Input[str],
    trust: pulumi.Input[str],
    policy: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    session_duration: pulumi.Input[int] | None = None,
) -> pulumi.Output[str]:
    """Create the role with its one policy and what is attached; return its ARN, known once its rights are complete.

    Any other policy is removed. AWS deletes no policy that a role still has, so those of the same program outlive it.
    """
    created = iam.Role(
        f"{name}-role",
        name=role.name,
        path=role.path,
        description=description,
        assume_role_policy=trust,
        max_session_duration=None if session_duration is None else lift(_maximum, session_duration),
        permissions_boundary=role.boundary,
        force_detach_policies=True,  # else one that was added by hand would keep the role from being deleted
        tags=role.tags,
        opts=waiting_for(opts, role.attached),
    )
    after = pulumi.ResourceOptions(parent=opts.parent)  # what the role depends on is there once the role is
    own = iam.RolePolicy(f"{name}-policy", name="own-secrets", role=created.name, policy=policy, opts=after)
    inline = iam.RolePoliciesExclusive(f"{name}-policies", role_name=created.name, policy_names=[own.name], opts=after)
    managed = iam.RolePolicyAttachmentsExclusive(
        f"{name}-attachments", role_name=created.name, policy_arns=role.attached, opts=after
    )
    return _after(_after(created.arn, inline.id), managed.id)  # `inline` waits for the policy that it names


def _after(arn: pulumi.Output[str], other: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the ARN, known once the other is: this makes one Output, where `Output.all` makes several.

    A preview knows it as soon as the role exists, and what it depends on in any case.
    """

    def then(known: object) -> Any:
        is_left_out = isinstance(known, Unknown) and not pulumi.runtime.is_dry_run()  # by `pulumi up --exclude`
        return UNKNOWN if is_left_out else arn

    return other.apply(then, run_with_unknowns=True)


def trust_text(
    given: Arguments, sender: Sender, build: Callable[..., Document], *known: pulumi.Input[Any]
) -> pulumi.Input[str]:
    """Return the trust that `build` makes of what is known, with `trust_conditions`, if it is not too long."""
    quota = given.take("trust_policy_quota", role_checks.trust_policy_quota, TRUST_LIMIT)
    return given.check(partial(_trust, sender, build), given.get("trust_conditions"), quota, *known)


def policy_text(document: Document) -> str:
    """Return a permissions document, if IAM takes one of its size."""
    return _render("the policy of the role", document, POLICY_LIMIT, "name fewer keys or regions")


def _trust(sender: Sender, build: Callable[..., Document], given: object, quota: int, *known: Any) -> str:
    own = build(*known)
    further = NONE
    if given is not None:
        further = trust_conditions(given, sender, keys_of(own), issuers_of(own))
    fix = "trust fewer clusters, or have the quota `Role trust policy length` raised and set trust_policy_quota"
    return _render("the trust policy of the role", build(*known, conditions=further), quota, fix)


def _render(what: str, document: Document, limit: int, fix: str) -> str:
    size = len(compact(document))
    if size > limit:
        raise invalid(f"{what} is too long", f"{size} characters", f"at most {limit}", fix)
    return render(document)


def _name(name: object, default: str) -> str:
    return checks.role_name(default if name is None else name)


def _attached(arns: object, account: Account) -> list[str]:
    return checks.policy_arns([] if arns is None else arns, account.account_id, account.partition)


def _boundary(arn: object, account: Account) -> str | None:
    return checks.permissions_boundary(arn, account.account_id, account.partition)


def _maximum(session_duration: int) -> int:
    return max(SECONDS_AT_LEAST, session_duration)
