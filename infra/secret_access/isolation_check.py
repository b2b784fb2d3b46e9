"""A program whose documents do not keep namespaces apart stops at `pulumi preview`, before anything is made."""

from collections.abc import Mapping, Sequence

import click
import pulumi
from pulumi.runtime import is_dry_run

from .messages import refusal
from .per_program import PerProgram
from .program_errors import InvalidArgument, NotIsolated, ProgramError
from .proof import rendering
from .proof.errors import DocumentError
from .proof.evaluation import evaluate
from .proof.isolation import Verdict
from .proof.preview import NOT_ISOLATED, Resource
from .registrations import Registrations

SHOWN = 10
_MEND = (
    "mend: take the last statement of each out, or narrow it to the namespace's own prefix; "
    "or name a prefix that every namespace may use: require_isolation(shared=[...])"
)


_LEFT_OUT = (
    "isolation: not judged: --target or --exclude leaves resources out, "
    "and keeps others that the program no longer has; run it without"
)
_KEPT = "the program's documents isolate, but the engine answers with others, as with --target or --exclude:"
"""A warning and no error: an error would also stop the update that mends it."""
_CHECKED: PerProgram[list[Registrations]] = PerProgram(list)
"""What is seen of a program, once it asked for the check."""


def require_isolation(*, prefixes: Mapping[str, str] | None = None, shared: Sequence[str] = ()) -> None:
    """Fail the program if its documents let a namespace use secrets that are not its own.

    Call it once, before the first resource. It judges what `secret-access evaluate` judges, when all resources are
    registered: `pulumi preview` fails, and `pulumi up` stops after its preview with nothing made. An update without a
    preview (`--skip-preview`) fails at its end, when all is made. What cannot be judged is a warning.

    `prefixes`: of namespaces, such as `{"shop": "team-a/shop/"}`, where no component declares them. `shared`:
    prefixes of secrets that every namespace may use.

    Raises InvalidArgument; the program fails with NotIsolated, which names both namespaces, a name, and each statement
    on the way, or with ProgramError, which names a document that is none.
    """
    known = dict(prefixes or {})
    where = "require_isolation"
    if isinstance(shared, str):
        raise InvalidArgument(refusal(f"{where}: shared", shared, "a list of prefixes", f"say [{shared!r}]"))
    for prefix in (*known.values(), *shared):
        if not prefix.endswith("/"):
            raise InvalidArgument(refusal(f"{where}: a prefix", prefix, "one that ends in /", f"say {prefix + '/'!r}"))
    checked = _CHECKED.get()
    if checked:
        what = f"{where}: called twice in a program"
        raise InvalidArgument(refusal(what, 2, "one call, before the first resource", "remove the other"))
    seen = Registrations()
    checked.append(seen)
    seen.watch(lambda: _judge(seen, known, shared))


def _evaluated(resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str]) -> list[Verdict]:
    try:
        return evaluate(resources, prefixes, shared)
    except DocumentError as error:
        raise ProgramError(f"the documents cannot be judged: {error}") from None


def _judge(seen: Registrations, prefixes: Mapping[str, str], shared: Sequence[str]) -> None:
    """Say what was found; raises NotIsolated."""
    asked = seen.resources()
    verdicts = _evaluated(asked, prefixes, shared)
    breached = [verdict for verdict in verdicts if verdict.breaches]
    if breached:
        found = [
            line
            for verdict in breached
            for line in (*first(rendering.breaches(verdict)), rendering.conclusion(verdict))
        ]
        raise NotIsolated(click.unstyle("\n".join([_head(), *found, _MEND])))
    if seen.left_out:
        pulumi.log.warn(_LEFT_OUT)
        return
    kept = seen.kept(asked)
    otherwise = _evaluated(kept, prefixes, shared) if kept != asked else []
    against = {each.cloud: each for each in otherwise if each.breaches}
    for verdict in verdicts:
        doubts = [f"no document lets namespace {each} read its own secrets" for each in verdict.unreadable]
        doubts += [f"not judged: {each}" for each in verdict.undecided]
        if verdict.cloud in against:
            doubts = [_KEPT, *map(click.unstyle, rendering.breaches(against[verdict.cloud])), *doubts]
        if doubts:
            pulumi.log.warn("\n".join([f"isolation on {verdict.cloud}:", *first(doubts)]))
        else:
            pulumi.log.info(click.unstyle(rendering.conclusion(verdict)))


def _head() -> str:
    made = "nothing is made" if is_dry_run() else "all of it is made already"
    return f"{NOT_ISOLATED}: {made}"


def first(found: Sequence[str]) -> list[str]:
    """Return the first of what was found, and how many more there are."""
    left = len(found) - SHOWN
    more = [f"{left} more: `pulumi preview --json --show-sames | secret-access evaluate` has all"] if left > 0 else []
    return [*found[:SHOWN], *more]
