"""`secret-access recommend`: which pattern serves a team's secrets."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import click

from ..errors import SecretAccessError
from ..patterns.catalogue import PATTERNS
from ..patterns.recommend import Recommendation, recommend_all
from ..patterns.situation import Reads, SecretKind, Situation, Vault

RECOMMENDED, NONE, UNUSABLE = 0, 1, 2
"""Exit codes."""
EXIT_CODES = """\b
Exit codes:
  0  a pattern for each kind of secret
  1  no pattern meets all that was said
  2  the arguments cannot be used
"""


def _question(name: str, help_: str) -> Callable[[Any], Any]:
    return click.option(f"--{name}/--not-{name}", required=True, help=help_)


@click.command(epilog=EXIT_CODES)
@click.argument("kinds", nargs=-1, type=click.Choice(list(map(str, SecretKind))), metavar="[KIND]...")
@_question("isolated", "Namespaces are tenants: none may read another's secrets.")
@_question("etcd", "Secrets may be in etcd, and in the cluster's backups.")
@_question("declarative", "What there is must be in Git as manifests.")
@_question("simple", "Operational simplicity is critical.")
@_question("polyglot", "The applications are in several languages.")
@click.option("--pods", type=click.IntRange(min=0), required=True, help="How many pods there are, about.")
@click.option(
    "--vault",
    "vaults",
    multiple=True,
    type=click.Choice([*map(str, Vault), "none"]),
    default=["aws"],
    show_default=True,
    help="A vault that the secrets are in, or can be. Repeatable.",
)
@click.option(
    "--reads",
    type=click.Choice(list(map(str, Reads))),
    default="code",
    show_default=True,
    help="How applications take their secrets.",
)
@click.option("--no-sidecar", is_flag=True, help="Pods cannot have one more container.")
@click.option("--uses-sdk", is_flag=True, help="The applications use their cloud's SDK already.")
@click.option("--vendor-supported", is_flag=True, help="Only what the cloud's or the vault's vendor supports may run.")
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON.")
def recommend(
    kinds: tuple[str, ...],
    isolated: bool,
    etcd: bool,
    declarative: bool,
    simple: bool,
    polyglot: bool,
    pods: int,
    vaults: tuple[str, ...],
    reads: str,
    no_sidecar: bool,
    uses_sdk: bool,
    vendor_supported: bool,
    as_json: bool,
) -> None:
    """Recommend a pattern for each KIND of secret, from what a team says of itself; without a KIND, for all eight.

    \b
    Kinds: database_url, database_password, service_endpoint, api_token, feature_flags, encryption_key,
    oauth_client_id, oauth_client_secret

    \b
    Example, a regulated firm:
      secret-access recommend database_password --isolated --not-etcd --not-declarative \\
        --not-simple --not-polyglot --pods 300
    """
    try:
        situation = Situation(
            isolates_namespaces=isolated,
            may_be_in_etcd=etcd,
            declarative=declarative,
            simplicity=simple,
            polyglot=polyglot,
            pods=pods,
            vaults=[vault for vault in vaults if vault != "none"],
            reads=reads,
            takes_sidecar=not no_sidecar,
            uses_sdk=uses_sdk,
            vendor_supported=vendor_supported,
        )
        answers = recommend_all(situation, kinds or tuple(SecretKind))
    except SecretAccessError as error:
        click.echo(f"secret-access: {error}", err=True)
        sys.exit(NONE)
    if as_json:
        click.echo(json.dumps([asdict(answer) for answer in answers], indent=2))
    else:
        click.echo("\n\n".join("\n".join(_text(answer)) for answer in answers))
    sys.exit(RECOMMENDED)


def _text(answer: Recommendation) -> Iterator[str]:
    yield f"{answer.secret}: {click.style(PATTERNS[answer.pattern].name, bold=True)}"
    for title, lines in (("because", answer.reasons), ("gives up", answer.gives_up), ("next", answer.next_steps)):
        yield from (f"  {title:9} {line}" for line in lines)
    yield from (f"  {'or':9} {PATTERNS[each.pattern].name} {each.when}" for each in answer.alternatives)
