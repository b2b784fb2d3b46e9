"""The command `secret-access`: a module of this package for each subcommand, imported when it is asked for."""

import os
import sys
import traceback
from contextlib import suppress
from importlib import import_module

import click

COMMANDS = ("evaluate", "preflight", "prove", "rbac", "recommend", "report")
UNUSABLE, STOPPED, READER_GONE = 2, 130, 141
"""Exit codes of every subcommand. 1 is a verdict of most: nothing else may end in it."""


def main() -> None:
    """Run the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # what a terminal's encoding lacks is still shown
    # Click leaves colours out where the output is no terminal; https://no-color.org is ours to heed
    cli(color=False if os.environ.get("NO_COLOR") else None)


class _Commands(click.Group):
    """Those of COMMANDS: each starts without what the others import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        found = getattr(import_module(f".{cmd_name}", __package__), cmd_name) if cmd_name in COMMANDS else None
        return found if isinstance(found, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        """Run a subcommand; what ends it is never taken for a verdict."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("secret-access: stopped", err=True)
            ctx.exit(STOPPED)
        except BrokenPipeError:
            _write_no_more()
            ctx.exit(READER_GONE)
        except OSError as error:
            _write_no_more()
            click.echo(f"secret-access: {error.filename or 'the output'}: {error.strerror or error}", err=True)
            ctx.exit(UNUSABLE)
        except Exception:  # noqa: BLE001 Python's own exit code is 1
            traceback.print_exc()
            click.echo("secret-access: this is a defect of secret-access, and no verdict", err=True)
            ctx.exit(UNUSABLE)


def _write_no_more() -> None:
    """Discard what Python still writes to standard output when it ends."""
    with suppress(OSError, ValueError, AttributeError):  # no standard output, or one that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each command's --help has its exit codes. Of all: 130 after Ctrl-C, 141 where a pipe's reader is gone.",
)
@click.version_option(package_name="secret-access")
def cli() -> None:
    """Which pattern serves a team's secrets, and who can read which, shown from the documents that decide it."""
