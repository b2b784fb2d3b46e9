"""The report as a page and as Markdown, from templates."""

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from .matrix import APART, BREACH, OWN, UNDECIDED, UNKNOWN, UNREAD
from .report import Report
from .text import WIDEST

_WORDS = {OWN: "own", APART: "apart", BREACH: "**breach**", UNDECIDED: "undecided", UNREAD: "**unread**", UNKNOWN: "-"}
_FOLDER = Path(__file__).parent


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("secret_access.report"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pretty"] = lambda value: json.dumps(_parsed(value), indent=2)
    environment.filters["cell"] = _markdown_cell
    return environment


def as_html(report: Report) -> str:
    """Return one page that asks nothing of any other: style, program and data are in it."""
    style, program = (Markup((_FOLDER / name).read_text()) for name in ("report.css", "report.js"))  # noqa: S704 our own files
    return _environment().get_template("report.html.j2").render(report=report, style=style, program=program)


def as_markdown(report: Report) -> str:
    """Return what a pull request or a wiki shows."""
    return _environment().get_template("report.md.j2").render(report=report, words=_WORDS, widest=WIDEST)


def _parsed(value: object) -> object:
    """Return a document with the documents that are in it as text parsed, so that they can be read."""
    if isinstance(value, dict):
        return {key: _parsed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_parsed(each) for each in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _markdown_cell(text: str) -> str:
    """Return text as a cell of a Markdown table holds it."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
