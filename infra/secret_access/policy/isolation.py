"""The proof over all resources of a stack, as a rule. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..proof.errors import DocumentError
from ..proof.evaluation import evaluate
from ..proof.isolation import Breach, Verdict
from ..proof.preview import Resource
from .rule import A_PREFIX, Found, Options

PREFIXES, SHARED = "prefixes", "shared"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    PREFIXES: {
        "type": "object",
        "additionalProperties": A_PREFIX,
        "description": "The prefix of a namespace's secrets, by namespace, where the program does not say it.",
    },
    SHARED: {
        "type": "array",
        "items": A_PREFIX,
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


@dataclass(frozen=True)
class _Proof:
    """A proof, and what it was asked for."""

    asked: tuple[Sequence[Resource], Mapping[str, str], Sequence[str]]
    verdicts: Sequence[Verdict]
    error: DocumentError | None = None


_latest: list[_Proof] = []
"""The one before: two rules ask for the same."""


def forget() -> None:
    """Forget the proof before, so that the next is not taken from it."""
    _latest.clear()


def _verdicts(resources: Sequence[Resource], options: Options) -> Sequence[Verdict]:
    asked = ([*resources], {**(options.get(PREFIXES) or {})}, [*(options.get(SHARED) or ())])
    if not _latest or _latest[0].asked != asked:
        try:
            _latest[:] = [_Proof(asked, evaluate(*asked))]
        except DocumentError as error:
            _latest[:] = [_Proof(asked, (), error)]
    if _latest[0].error is not None:
        raise _latest[0].error
    return _latest[0].verdicts


def _shown(cloud: str, breach: Breach) -> str:
    whose = f"of {breach.owner}" if breach.owner else "of no namespace"
    lets_through = "; ".join(breach.statements)
    return f"{breach.namespace} can use {breach.name} {whose} in {cloud}, as {breach.identity}: {lets_through}"
