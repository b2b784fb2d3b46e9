"""A verdict for people, and for programs. Pure."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from .documents import documents
from .isolation import Breach, Verdict
from .preview import Resource


def as_json(verdicts: Sequence[Verdict], resources: Sequence[Resource], evaluated_at: str) -> dict[str, Any]:
    """Return the verdicts as JSON has them, and the documents that were judged."""
    return {
        "stack": next((each.stack for each in resources), None),
        "evaluated_at": evaluated_at,
        "isolated": not any(verdict.breaches or verdict.undecided for verdict in verdicts),
        "clouds": [
            {
                "cloud": verdict.cloud,
                "namespaces": dict(verdict.namespaces),
                "judged": list(verdict.judged),
                "cells": verdict.cells,
                "names_asked": verdict.names_asked,
                "breaches": [asdict(breach) for breach in verdict.breaches],
                "undecided": list(verdict.undecided),
                "unreadable": list(verdict.unreadable),
                "not_in_the_documents": list(verdict.not_in_documents),
            }
            for verdict in verdicts
        ],
        "documents": documents(resources),
    }


def as_text(verdict: Verdict) -> str:
    """Return the verdict as a terminal shows it."""
    lines = breaches(verdict)
    lines += [f"{click.style('not judged', fg='yellow')}  {printable(each)}" for each in verdict.undecided]
    lines += [
        f"{click.style('unreadable', fg='yellow')}  no document lets namespace {printable(each)} read its own secrets"
        for each in verdict.unreadable
    ]
    lines.append(conclusion(verdict))
    told = [f"{name}={prefix}" for name, prefix in sorted(verdict.namespaces.items()) if prefix != f"{name}/"]
    if told:
        lines.append(f"Prefixes other than the namespace's name: {printable(', '.join(told))}")
    if verdict.not_in_documents:
        lines.append(f"Not in the documents: {', '.join(verdict.not_in_documents)}.")
    return "\n".join(lines)


def printable(text: str) -> str:
    """Return a text of the documents in one line, without what moves a terminal's cursor or hides text."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def breaches(verdict: Verdict) -> list[str]:
    """Return each breach, in lines of its own."""
    return ["\n".join(_breach(breach)) for breach in verdict.breaches]


def conclusion(verdict: Verdict) -> str:
    """Return the verdict in one line."""
    judged, asked = len(verdict.judged), len(verdict.namespaces)
    rows, columns = "namespace" if judged == 1 else "namespaces", "prefix" if asked == 1 else "prefixes"
    what = f"{judged} {rows} x {asked} {columns} on {verdict.cloud}"
    if verdict.breaches:
        breached = len(verdict.breaches)
        found = f"{breached} {'breach' if breached == 1 else 'breaches'}"
        return click.style(f"NOT ISOLATED: {found} among {what}", fg="red", bold=True)
    if verdict.undecided:
        return click.style(f"UNDECIDED: {what}; no breach in the documents that are known", fg="yellow", bold=True)
    proven = f"proven for all names; {verdict.names_asked} chosen names asked"
    return click.style(f"isolated: {what}", fg="green", bold=True) + f", {proven}"


def _breach(breach: Breach) -> list[str]:
    whose = "no namespace's" if breach.owner is None else f"of namespace {breach.owner}"
    name = breach.name if len(breach.name) <= 80 else f"{breach.name[:77]}..."
    what = printable(f"namespace {breach.namespace} can use {name} ({whose})")
    head = f"{click.style('BREACH', fg='red', bold=True)}  {what}"
    ways = [f"as {breach.identity}", *(f"by {each}" for each in breach.statements)]
    return [head, *(f"        {each}" for each in map(printable, ways))]
