"""Ways to another namespace's secret, as the tables of each cloud have them: what an evaluation has to say of one."""

from collections.abc import Callable

from secret_access.proof.isolation import Verdict
from secret_access.proof.preview import Resource

Stack = Callable[[], list[Resource]]
Breach = tuple[Stack, tuple[str, str | None], str]
"""A stack, the two namespaces of its breach, and what the statements that let the name through have in them."""
Undecided = tuple[Stack, str]
"""A stack, and what is said of it."""
Evaluate = Callable[..., Verdict]


def expect_breach(evaluate: Evaluate, way: Breach) -> None:
    """With the two namespaces, and what lets the name through."""
    resources, expected, statement = way
    found = {(each.namespace, each.owner): each for each in evaluate(resources(), {}).breaches}
    assert expected in found, list(found)
    assert statement in " ".join(found[expected].statements)


def expect_undecided(evaluate: Evaluate, way: Undecided) -> None:
    """And no breach."""
    resources, said = way
    verdict = evaluate(resources(), {})
    assert not verdict.breaches
    assert said in " ".join(verdict.undecided), verdict.undecided


def is_found(evaluate: Evaluate, resources: list[Resource], expected: tuple[str, str | None] | str) -> bool:
    """Tell whether the breach of two namespaces is reported, or what is undecided said."""
    verdict = evaluate(resources, {})
    if isinstance(expected, str):
        return expected in " ".join(verdict.undecided)
    return expected in {(each.namespace, each.owner) for each in verdict.breaches}
