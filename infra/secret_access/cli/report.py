"""`secret-access report`: what the other commands found, on one page."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from ..errors import SecretAccessError
from ..report.findings import Answers, answer
from ..report.report import Report
from ..report.report import report as reported
from ..report.shapes import COMMANDS
from ..report.text import as_text

WRITTEN, UNUSABLE = 0, 2
"""Exit codes."""
EXIT_CODES = """\b
Exit codes:
  0  the report is written, whatever it says
  2  the arguments or the files cannot be used
"""
FORMS = {".html": "html", ".md": "markdown", ".json": "json", ".txt": "terminal"}


def _file(kind: str) -> click.Option:
    return click.Option(
        [f"--{kind}"],
        type=click.File("rb"),
        help=f"What `{COMMANDS[kind]}` printed; - is standard input.",
    )


@click.command(epilog=EXIT_CODES)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; its ending says the form: .html, .md, .json or .txt. Without it the terminal shows it.",
)
@click.option("--title", default="", help="What the report is about; by default the stack's name.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def report(output: Path | None, title: str, as_json: bool, **files: IO[bytes] | None) -> None:
    """Write what the other commands found as one page: who can use whose secrets, why, and what to look at.

    The page is a single file that asks nothing of any server. It needs at least one of the other commands' answers.

    \b
    Examples:
      pulumi preview --json --show-sames | secret-access evaluate --json > evaluation.json
      secret-access report --evaluation evaluation.json -o report.html
      secret-access report --evaluation evaluation.json --proof proof.json --rbac rbac.json -o report.html
      secret-access report --evaluation evaluation.json
    """
    try:
        if output and output.suffix not in FORMS:
            raise click.UsageError(f"--output {output}: expected a name that ends in {', '.join(FORMS)}")
        if output and as_json and FORMS[output.suffix] != "json":
            raise click.UsageError(f"--json with --output {output}: expected a name that ends in .json, or one of both")
        if not any(files.values()):
            raise click.UsageError(
                f"nothing to report: give at least one of {', '.join(f'--{kind}' for kind in files)}"
            )
        answers = Answers(**{kind: answer(kind, file.read()) for kind, file in files.items() if file})
        found = reported(answers, title, datetime.now(UTC).isoformat(timespec="seconds"))
        form = "json" if as_json else FORMS[output.suffix] if output else "terminal"
        text = _written(found, form)
    except SecretAccessError as error:
        click.echo(f"secret-access: {error}", err=True)
        sys.exit(UNUSABLE)
    if output is None:
        click.echo(text)
        return
    output.write_text(
        (click.unstyle(text) if form == "terminal" else text).rstrip("\n") + "\n", "utf-8", "backslashreplace"
    )
    click.echo(f"{found.verdict}: {output}", err=True)


report.params += [_file(kind) for kind in COMMANDS]


def _written(found: Report, form: str) -> str:
    if form == "terminal":
        return as_text(found)
    if form == "json":
        return json.dumps(found.as_json(), indent=2)
    from ..report.pages import as_html, as_markdown  # noqa: PLC0415 Jinja2 takes a tenth of a second to import

    return as_html(found) if form == "html" else as_markdown(found)
