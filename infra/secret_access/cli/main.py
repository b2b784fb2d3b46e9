"""The command `secret-access`: a module of this package for each subcommand, imported when it is asked for."""

import os
from importlib import import_module

import click

COMMANDS = ("evaluate", "preflight", "prove", "rbac", "recommend", "report")


def main() -> None:
    """Run the command."""
    # Click leaves colours out where the output is no terminal; https://no-color.org is ours to heed
    cli(color=False if "NO_COLOR" in os.environ else None)


class _Commands(click.Group):
    """Those of COMMANDS: each starts without what the others import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        found = getattr(import_module(f".{cmd_name}", __package__), cmd_name) if cmd_name in COMMANDS else None
        return found if isinstance(found, click.Command) else None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="secret-access")
def cli() -> None:
    """Which pattern serves a team's secrets, and who can read which, shown from the documents that decide it."""
