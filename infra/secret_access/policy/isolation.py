"""The proof over all resources of a stack, as a rule. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..proof.errors import DocumentError
from ..proof.evaluation import evaluate
from ..proof.isolation import Breach, Verdict
from ..proof.preview import Resource
from .rule import Found, Options

PREFIXES, SHARED = "prefixes", "shared"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    PREFIXES: {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "The prefix of a namespace's secrets, by namespace, where the program does not say it.",
    },
    SHARED: {
        "type": "array",
        "items": {"type": "string"},
        "description": "Prefixes of secrets that every namespace may use.",
    },
}


def breached(resources: Sequence[Resource], options: Options) -> Iterator[Found]:
    """Yield each namespace that can use a name which is not its own, and what lets it through.

    A document that cannot be read stops the proof of all, so it counts too.
    """
    try:
        verdicts = _verdicts(resources, options)
    except DocumentError as error:
        yield Found(f"nothing is proven: {error}")
        return
    for verdict in verdicts:
        yield from (Found(_shown(verdict.cloud, breach)) for breach in verdict.breaches)


def undecided(resources: Sequence[Resource], options: Options) -> Iterator[Found]:
    """Yield what could not be judged, where there are namespaces with identities at all."""
    with suppress(DocumentError):
        for verdict in _verdicts(resources, options):
            yield from (Found(f"{verdict.cloud}: {what}") for what in verdict.undecided)


def _verdicts(resources: Sequence[Resource], options: Options) -> list[Verdict]:
    return evaluate(resources, options.get(PREFIXES) or {}, options.get(SHARED) or ())


def _shown(cloud: str, breach: Breach) -> str:
    whose = f"of {breach.owner}" if breach.owner else "of no namespace"
    lets_through = "; ".join(breach.statements)
    return f"{breach.namespace} can use {breach.name} {whose} in {cloud}, as {breach.identity}: {lets_through}"
