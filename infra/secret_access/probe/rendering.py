"""The matrix that `prove` has asked for, for people and for programs. Pure."""

from collections.abc import Sequence
from typing import Any

import click

from .matrix import READ, REFUSED, Cell, breaches, table


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
    shown = table(cells)
    lines = [shown, ""] if cells and max(map(len, shown.splitlines())) <= width else []
    lines += [f"{click.style('WRONG', fg='red', bold=True)}  {each}" for each in problems]
    lines += [f"note   {each}" for each in notes]
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
