"""The command `secret-access`: its arguments, and what it says to people and to programs."""

import json
import os
import sys
from typing import IO

import click

from ..errors import SecretAccessError
from . import render
from .aws import stack as aws
from .preview import resources

ISOLATED, BREACHED, UNUSABLE, UNDECIDED = 0, 1, 2, 3
"""Exit codes."""
EXIT_CODES = """\b
Exit codes:
  0  every namespace is kept to its own names
  1  some namespace can use a name that is not its own
  2  the arguments or the documents cannot be used
  3  no breach was found, but some document could not be judged
"""


def main() -> None:
    """Run the command."""
    # Click leaves colours out where the output is no terminal; https://no-color.org is ours to heed
    cli(color=False if "NO_COLOR" in os.environ else None)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="secret-access")
def cli() -> None:
    """Who can read which secrets, shown from the documents that decide it."""


def _prefixes(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        namespace, separator, prefix = each.partition("=")
        if not (namespace and separator and prefix.endswith("/")):
            raise click.BadParameter(f"{each!r}: expected NAMESPACE=PREFIX/, such as shop=team-a/shop/")
        found[namespace] = prefix
    return found


def _shared(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for each in given:
        if not each.endswith("/"):
            raise click.BadParameter(f"{each!r}: expected a prefix that ends in /, such as shared/")
    return given


@cli.command(epilog=EXIT_CODES)
@click.argument("preview", type=click.File(encoding="utf-8"), default="-")
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
def evaluate(preview: IO[str], prefixes: dict[str, str], shared: tuple[str, ...], as_json: bool) -> None:
    """Judge the documents that a stack is about to create, before it does. No cloud is asked.

    PREVIEW is what `pulumi preview --json` prints; without it, standard input is read. For each namespace and each
    namespace's secrets it is proven that the documents keep them apart, for all names at once; or a name is shown that
    they let through, and the statements that do it.

    \b
    Examples:
      pulumi preview --json | secret-access evaluate
      secret-access evaluate preview.json --prefix shop=team-a/shop/
      secret-access evaluate preview.json --json | jq .breaches
    """
    try:
        verdict = aws.evaluate(resources(preview.read()), prefixes, shared)
    except SecretAccessError as error:
        click.echo(f"secret-access: {error}", err=True)
        sys.exit(UNUSABLE)
    if not verdict.namespaces:
        click.echo(
            "secret-access: the preview has no namespace's identity: expected roles of AWS (aws:iam/role:Role) that "
            "trust ServiceAccounts, or EKS Pod Identity associations; give the preview of a stack that has them",
            err=True,
        )
        sys.exit(UNUSABLE)
    if as_json:
        click.echo(json.dumps(render.as_json(verdict, aws.NOT_IN_THE_DOCUMENTS), indent=2))
    else:
        click.echo(render.as_text(verdict, aws.NOT_IN_THE_DOCUMENTS))
    sys.exit(BREACHED if verdict.breaches else UNDECIDED if verdict.undecided else ISOLATED)
