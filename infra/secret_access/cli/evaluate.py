"""`secret-access evaluate`: the documents of a stack, judged before it is made."""

import json
import sys
from datetime import UTC, datetime
from operator import attrgetter
from typing import IO

import click

from ..errors import SecretAccessError
from ..proof import rendering
from ..proof.evaluation import evaluate as evaluated
from ..proof.evaluation import without_identities
from ..proof.preview import resources

ISOLATED, BREACHED, UNUSABLE, UNDECIDED = 0, 1, 2, 3
"""Exit codes."""
EXIT_CODES = """\b
Exit codes:
  0  every namespace is kept to its own names
  1  some namespace can use a name that is not its own
  2  the arguments or the documents cannot be used
  3  no breach was found, but a document could not be judged, or a namespace has no identity in any
"""


def _prefixes(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        namespace, separator, prefix = each.partition("=")
        if not (namespace and separator and prefix.endswith("/")):
            raise click.BadParameter(f"{each!r}: expected NAMESPACE=PREFIX/, such as shop=team-a/shop/")
        if found.get(namespace, prefix) != prefix:
            raise click.BadParameter(
                f"{each!r}: {namespace} has {found[namespace]} already; expected one prefix of each"
            )
        found[namespace] = prefix
    return found


def _shared(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for each in given:
        if not each.endswith("/"):
            raise click.BadParameter(f"{each!r}: expected a prefix that ends in /, such as shared/")
    return given


@click.command(epilog=EXIT_CODES)
@click.argument("preview", type=click.File("rb"), default="-")
@click.option(
    "--prefix",
    "prefixes",
    multiple=True,
    metavar="NAMESPACE=PREFIX/",
    callback=_prefixes,
    help="The prefix of a namespace's secrets, where the components do not say it. "
    "A namespace without one has its own name and a slash. Repeatable.",
)
@click.option(
    "--shared",
    multiple=True,
    metavar="PREFIX/",
    callback=_shared,
    help="Secrets that every namespace may use. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def evaluate(preview: IO[bytes], prefixes: dict[str, str], shared: tuple[str, ...], as_json: bool) -> None:
    """Judge the documents that a stack is about to create, before it does. No cloud is asked.

    PREVIEW is what `pulumi preview --json --show-sames` prints; without it, standard input is read. For each
    namespace and each namespace's secrets it is proven that the documents keep them apart, for all names at once; or
    a name is shown that they let through, and the statements that do it.

    \b
    Examples:
      pulumi preview --json --show-sames | secret-access evaluate
      secret-access evaluate preview.json --prefix shop=team-a/shop/
      secret-access evaluate preview.json --json | jq '.clouds[].breaches'
    """
    if preview.isatty():
        raise click.UsageError(
            "no preview is given: pipe one in, as `pulumi preview --json --show-sames | secret-access evaluate` does"
        )
    try:
        judged = resources(preview.read())
        verdicts = evaluated(judged, prefixes, shared)
        if verdicts:
            verdicts = without_identities(judged, verdicts)
    except SecretAccessError as error:
        click.echo("\n".join(map(rendering.printable, f"secret-access: {error}".splitlines())), err=True)
        sys.exit(UNUSABLE)
    if not verdicts:
        click.echo(
            "secret-access: the preview has no namespace's identity: expected AWS roles that trust ServiceAccounts, "
            "EKS Pod Identity associations, Google's bindings for principals of a pool, Azure's federated credentials "
            "or identity bindings, or Vault's roles of JWT or Kubernetes auth; "
            "give the preview of a stack that has them",
            err=True,
        )
        sys.exit(UNUSABLE)
    if as_json:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        click.echo(json.dumps(rendering.as_json(verdicts, judged, now), indent=2))
    else:
        click.echo("\n\n".join(map(rendering.as_text, verdicts)))
    is_breached, is_open = (any(map(attrgetter(what), verdicts)) for what in ("breaches", "undecided"))
    sys.exit(BREACHED if is_breached else UNDECIDED if is_open else ISOLATED)
