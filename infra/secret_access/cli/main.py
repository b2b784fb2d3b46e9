"""The command `secret-access`."""

import os

import click

from .evaluate import evaluate
from .preflight import preflight
from .prove import prove
from .rbac import rbac
from .recommend import recommend
from .report import report


def main() -> None:
    """Run the command."""
    # Click leaves colours out where the output is no terminal; https://no-color.org is ours to heed
    cli(color=False if "NO_COLOR" in os.environ else None)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="secret-access")
def cli() -> None:
    """Which pattern serves a team's secrets, and who can read which, shown from the documents that decide it."""


cli.add_command(evaluate)
cli.add_command(preflight)
cli.add_command(prove)
cli.add_command(rbac)
cli.add_command(recommend)
cli.add_command(report)
