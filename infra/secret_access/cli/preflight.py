"""`secret-access preflight`: what keeps a cluster and an account from working, before the first `pulumi up`."""

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click

from ..errors import SecretAccessError
from ..kubectl import Kubectl
from ..preflight.check import Check, Severity
from ..preflight.live import checks, issuer_of, local_time
from .account_options import Accounts, account_options

READY, NOT_READY, UNUSABLE, UNKNOWN = 0, 1, 2, 3
"""Exit codes."""
EXIT_CODES = """\b
Exit codes:
  0  all that was asked is ready; there may be warnings
  1  some check found an error
  2  the arguments, kubectl, the cluster or what asks a cloud cannot be used
  3  no check found an error, but some could not be asked
"""
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.UNKNOWN: "yellow", Severity.OK: "green"}
ORDER = (Severity.ERROR, Severity.WARNING, Severity.UNKNOWN, Severity.OK)


@click.command(epilog=EXIT_CODES)
@click.option("--context", help="A context of the kubeconfig. By default its current one.")
@click.option("--kubeconfig", metavar="FILE", help="A kubeconfig. By default the one that kubectl takes.")
@click.option("--kubectl", "command", default="kubectl", show_default=True, help="The kubectl to ask with.")
@click.option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    help="A namespace that is to have an identity. Repeatable. By default all but Kubernetes' own.",
)
@click.option(
    "--image",
    default="secret-sidecar",
    show_default=True,
    help="The sidecar's image, for admission that goes by images.",
)
@click.option(
    "--ca",
    "authorities",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Certificate authorities (PEM) that the vault trusts besides the system's. Clouds trust none of your own.",
)
@account_options
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def preflight(
    context: str | None,
    kubeconfig: str | None,
    command: str,
    namespaces: tuple[str, ...],
    image: str,
    authorities: str | None,
    accounts: Accounts,
    as_json: bool,
) -> None:
    """Check a cluster and an account before the first `pulumi up`: what would end it halfway, or refuse the first read.

    It asks for the issuer and its published keys, versions, clocks, admission webhooks, Pod Security, quotas and
    NetworkPolicies, and has the API server admit a pod with the sidecar in each namespace by a dry run. It creates
    nothing and reads no Secret. Accounts that are named are asked with your own credentials, as the clouds' commands
    find them: whose they are, what `up` may make with them, the trust in the cluster, and the secrets of --namespace.
    No value is read there.

    \b
    Examples:
      secret-access preflight --context blue
      secret-access preflight --namespace shop --namespace pay
      secret-access preflight --aws 111122223333 --namespace shop
      secret-access preflight --gcp my-project --pool blue-cluster --trusted
      secret-access preflight --vault https://vault.example:8200 --auth-path clusters/blue --issuer https://oidc.example
      secret-access preflight --json | jq '.checks[] | select(.severity == "error")'
    """
    if accounts.issuer and not accounts:
        raise click.UsageError("give an account to ask beside --issuer, such as --aws 111122223333")
    kubectl = Kubectl(context, kubeconfig, command)
    found: list[Check] = []
    try:
        if not accounts.issuer:
            found += checks(kubectl, namespaces, image, authorities, local_time)
        if accounts:
            found += accounts.checks(accounts.issuer or issuer_of(kubectl), namespaces)
    except SecretAccessError as error:
        click.echo(f"secret-access: {error}", err=True)
        sys.exit(UNUSABLE)
    found.sort(key=lambda check: ORDER.index(check.severity))
    severities = {check.severity for check in found}
    if as_json:
        answer = {
            "ready": Severity.ERROR not in severities,
            "checked_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "checks": [asdict(check) for check in found],
        }
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo("\n".join(_as_text(found)))
    sys.exit(NOT_READY if Severity.ERROR in severities else UNKNOWN if Severity.UNKNOWN in severities else READY)


def _as_text(found: Sequence[Check]) -> Iterator[str]:
    for check in found:
        # The word is padded before it is coloured, so that columns are the same with colours and without
        word = click.style(f"{check.severity:8}", fg=COLOURS[check.severity])
        first, *more = textwrap.wrap(f"{check.what}: {check.found}", 100, break_on_hyphens=False)
        yield f"{word} {first}"
        yield from (f"{'':8}   {line}" for line in more)
        if check.mend:
            yield from textwrap.wrap(
                check.mend, 110, initial_indent=f"{'':8} -> ", subsequent_indent=f"{'':11} ", break_on_hyphens=False
            )
    errors = sum(check.severity is Severity.ERROR for check in found)
    if errors:
        yield click.style(f"NOT READY: {errors} of {len(found)} checks found an error", fg="red", bold=True)
    else:
        yield click.style(f"ready: {len(found)} checks found no error", fg="green", bold=True)
