"""The report as a page and as Markdown, from templates."""

import base64
import hashlib
import json
import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ..printable import printable
from .matrix import APART, BREACH, OWN, UNDECIDED, UNKNOWN, UNREAD
from .report import Report
from .text import WIDEST

_WORDS = {OWN: "own", APART: "apart", BREACH: "**breach**", UNDECIDED: "undecided", UNREAD: "**unread**", UNKNOWN: "-"}
_STATES = {
    OWN: "own",
    APART: "apart",
    BREACH: "breach",
    UNDECIDED: "undecided",
    UNREAD: "unread",
    UNKNOWN: "not judged",
}
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
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            style=style,
            program=program,
            policy=Markup(_policy(style, program)),  # noqa: S704 made of hashes
            words=_STATES,
            widest=WIDEST,
        )
    )


def _policy(style: str, program: str) -> str:
    """Return the content security policy: it lets nothing run, and nothing be loaded, but the page's own two parts.

    https://www.w3.org/TR/CSP3/#framework-directive-source-list
    """
    of_style, of_program = (
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (style, program)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{of_style}'; script-src 'sha256-{of_program}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


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
    """Return text as a cell of a Markdown table holds it: no markup, so no link, and no image that is asked for."""
    escaped = re.sub(r"([\\`*_\[\]|])", r"\\\1", " ".join(printable(each) for each in text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
