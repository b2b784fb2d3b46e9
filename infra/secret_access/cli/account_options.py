"""The options of `preflight` that name accounts, and the checks that they ask for."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

import click

from ..preflight.check import Check
from ..preflight.live import local_time
from ..preflight.stack import IDENTITY, NAMESPACE, Stack


@dataclass(frozen=True)
class Accounts:
    """The accounts to ask, and what the stacks need of them."""

    issuer: str | None
    trusted: bool
    identity: str
    aws: str | None
    kms_keys: tuple[str, ...]
    gcp: str | None
    pool: str | None
    azure: str | None
    resource_group: str | None
    vault: str | None
    auth_path: str
    mount: str

    def __bool__(self) -> bool:
        """Whether any account is named."""
        return any((self.aws, self.gcp, self.azure, self.vault))

    def checks(self, issuer: str | None, namespaces: tuple[str, ...]) -> Iterator[Check]:
        """Yield what is found in each account; what asks a cloud is imported where it is asked."""
        stack = Stack(issuer, namespaces, self.trusted, self.identity)
        if self.aws:
            from ..preflight.aws import account as aws  # noqa: PLC0415  boto3 takes half a second

            yield from aws.checks(stack, self.aws, self.kms_keys)
        if self.gcp:
            from ..preflight.gcp import account as gcp  # noqa: PLC0415  as above, Pulumi

            yield from gcp.checks(stack, gcp.Google(self.gcp, self.pool))
        if self.azure:
            from ..preflight.azure import account as azure  # noqa: PLC0415  as above

            yield from azure.checks(stack, azure.Azure(self.azure, self.resource_group or ""))
        if self.vault:
            from ..preflight.vault import account as vault  # noqa: PLC0415  as above, Pulumi

            yield from vault.checks(stack, vault.Vault(self.vault, self.auth_path, self.mount), local_time)


def _account_id(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    if given is not None and not re.fullmatch("[0-9]{12}", given):
        raise click.BadParameter(f"{given!r}: expected the 12 digits of an AWS account")
    return given


def _identity(_context: click.Context, _option: click.Parameter, given: str) -> str:
    if NAMESPACE not in given:
        raise click.BadParameter(f"{given!r}: expected {NAMESPACE} in it, such as secret-access-blue-{NAMESPACE}")
    return given


OPTIONS = (
    click.option("--aws", metavar="ACCOUNT", callback=_account_id, help="Ask AWS too: the account's 12 digits."),
    click.option(
        "--kms-key",
        "kms_keys",
        multiple=True,
        metavar="ARN",
        help="With --aws: a key that the stack names in kms_key_arns. Repeatable.",
    ),
    click.option("--gcp", metavar="PROJECT", help="Ask Google Cloud too: the project's id."),
    click.option(
        "--pool", metavar="ID", help="With --gcp: pool_id of the cluster's stack. A cluster of GKE needs none."
    ),
    click.option("--azure", metavar="SUBSCRIPTION", help="Ask Azure too: the subscription's id."),
    click.option(
        "--resource-group", metavar="NAME", help="With --azure: the group of the identities and vaults. Required there."
    ),
    click.option("--vault", metavar="ADDRESS", help="Ask Vault or OpenBao too: its address, as the pods reach it."),
    click.option(
        "--auth-path",
        default="jwt",
        show_default=True,
        metavar="PATH",
        help="With --vault: where JWT auth of the cluster is mounted, or will be.",
    ),
    click.option(
        "--mount", default="secret", show_default=True, metavar="PATH", help="With --vault: where the KV engine is."
    ),
    click.option(
        "--identity",
        default=IDENTITY,
        show_default=True,
        callback=_identity,
        metavar="NAME",
        help=f"What the stack calls a namespace's role or identity, such as secret-access-blue-{NAMESPACE}.",
    ),
    click.option(
        "--trusted",
        is_flag=True,
        help="The account trusts the cluster already, by the cluster's stack or by others: check that trust.",
    ),
    click.option(
        "--issuer", metavar="URL", help="The issuer of the cluster's tokens: then no cluster is asked, accounts alone."
    ),
)


def account_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, and their values as one argument `accounts`."""
    names = [each.name for each in fields(Accounts)]

    @wraps(command)
    def called(**given: Any) -> None:
        command(accounts=Accounts(**{name: given.pop(name) for name in names}), **given)

    for option in reversed(OPTIONS):
        called = option(called)
    return called
