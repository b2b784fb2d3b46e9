"""The matrix that `prove` has asked for, for people and for programs. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from .matrix import READ, REFUSED, Cell, breaches, table

MOST_CELLS = 1000
"""A larger matrix fits no terminal."""
MOST_ALIKE = 3
"""Lines of one end that are shown; JSON has all."""
MOST_NAMED = 10
"""Namespaces that a line names."""


def as_json(cells: Sequence[Cell], problems: Sequence[str], notes: Sequence[str], asked_at: str) -> dict[str, Any]:
    """Return the matrix as JSON has it."""
    return {
        "isolated": not problems,
        "asked_at": asked_at,
        "cells": [cell.as_json() for cell in cells],
        "wrong": list(problems),
        "notes": list(notes),
    }


def as_text(cells: Sequence[Cell], problems: Sequence[str], notes: Sequence[str], asked_at: str, width: int) -> str:
    """Return what a terminal of so many characters shows: the matrix too, where it is not wider."""
    shown = table(cells) if len(cells) <= MOST_CELLS else ""
    lines = [shown, ""] if cells and shown and max(map(len, shown.splitlines())) <= width else []
    lines += [f"{click.style('WRONG', fg='red', bold=True)}  {each}" for each in _few(problems)]
    lines += [f"note   {each}" for each in _few(notes)]
    right = [cell for cell in cells if cell.right]
    read, refused = (sum(cell.status == status for cell in right) for status in (READ, REFUSED))
    vaults = ", ".join(dict.fromkeys(cell.question.vault for cell in cells)) or "no vault"
    count = len({cell.question.asker for cell in cells})
    what = f"{count} {'namespace' if count == 1 else 'namespaces'} on {vaults}: "
    what += f"{read} read by their owners, {refused} refused by the cloud"
    if found := breaches(cells):
        lines.append(click.style(f"NOT ISOLATED: {what}, {len(found)} read by others", fg="red", bold=True))
    elif problems:
        other = len(cells) - len(right)
        lines.append(click.style(f"UNDECIDED: {what}, {other} of neither", fg="yellow", bold=True))
    else:
        lines.append(click.style(f"isolated: {what}", fg="green", bold=True))
    return "\n".join([*lines, f"asked at {asked_at}"])


def _few(texts: Sequence[str]) -> Iterator[str]:
    """Yield the first lines of each kind, and of whom there are more: a vault that does not answer is one fault."""
    alike: dict[str, list[str]] = {}
    for text in texts:
        alike.setdefault(text.partition(": ")[2], []).append(text)
    for what, each in alike.items():
        yield from map(_plain, each[:MOST_ALIKE])
        if more := each[MOST_ALIKE:]:
            of = list(dict.fromkeys(text.partition(" ")[0] for text in more))
            others = f" and {len(of) - MOST_NAMED} others" if len(of) > MOST_NAMED else ""
            yield _plain(
                f"{len(more)} more like that, of {', '.join(of[:MOST_NAMED])}{others}: {what}; --json has them"
            )


def _plain(text: str) -> str:
    """Return a text that does nothing to a terminal: pods and logs are others'."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
