"""The prover, held against Z3, against regular expressions, and against every short string."""

import itertools
from functools import reduce
from typing import Any

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from secret_access.proof import emptiness
from secret_access.proof.emptiness import Undecided, member
from secret_access.proof.strings import (
    ANYTHING,
    NOTHING,
    Complement,
    Intersection,
    Pattern,
    StringSet,
    Union,
    glob,
    literal,
    sequence,
    some,
)

globs = st.text("ab*?", max_size=6).map(glob)
sets = st.recursive(
    globs,
    lambda inner: (
        st.builds(lambda a, b: a | b, inner, inner)
        | st.builds(lambda a, b: a & b, inner, inner)
        | st.builds(lambda a, b: a - b, inner, inner)
    ),
    max_leaves=5,
)


def in_z3(of: StringSet) -> Any:
    """The set as a regular expression of Z3."""
    kind = z3.ReSort(z3.StringSort())
    if isinstance(of, Pattern):
        parts = [
            (z3.Star if part.many else lambda one: one)(
                z3.AllChar(kind)
                if part.chars is None
                else reduce(z3.Union, [z3.Re(char) for char in sorted(part.chars)], z3.Empty(kind))
            )
            for part in of.parts
        ]
        return reduce(z3.Concat, parts, z3.Re(""))
    if isinstance(of, Complement):
        return z3.Complement(in_z3(of.of))
    if isinstance(of, Union):
        return reduce(z3.Union, map(in_z3, of.of), z3.Empty(kind))
    assert isinstance(of, Intersection)
    return reduce(z3.Intersect, map(in_z3, of.of), z3.Full(kind))


@given(sets)
def test_a_member_is_in_the_set_and_without_one_no_short_string_is(of: StringSet) -> None:
    """Membership is decided by regular expressions, the member is found by automata."""
    found = member(of)
    if found is not None:
        assert found in of
    else:
        assert not [
            text for size in range(5) for text in map("".join, itertools.product("abc", repeat=size)) if text in of
        ]


@settings(max_examples=60, deadline=None)
@given(sets)
def test_z3_agrees_that_a_set_is_empty_or_not(of: StringSet) -> None:
    """A solver that is not ours, over all strings."""
    solver, text = z3.Solver(), z3.String("text")
    solver.set("timeout", 120_000)
    solver.add(z3.InRe(text, in_z3(of)))
    assert solver.check() == (z3.unsat if member(of) is None else z3.sat)


@given(sets)
def test_the_member_is_a_shortest_one(of: StringSet) -> None:
    """People read it."""
    found = member(of)
    if found is not None:
        shorter = [text for size in range(min(len(found), 5)) for text in itertools.product("abc", repeat=size)]
        assert not [text for text in map("".join, shorter) if text in of]


def test_patterns_that_never_meet_are_proven_apart() -> None:
    """`test/*` and `test-eu/*`: no string of any length is in both."""
    assert member(glob("test/*") & glob("test-eu/*")) is None
    assert member(glob("test*") & glob("test-eu/*")) == "test-eu/"


def test_a_character_that_no_pattern_names_is_tried_too() -> None:
    """`?` without the letters that the patterns spell out."""
    found = member(glob("?") - (literal("a") | literal("b")))
    assert found is not None
    assert found in glob("?")
    assert found not in ("a", "b")


def test_nothing_is_empty_and_anything_is_not() -> None:
    """The two ends."""
    assert member(NOTHING) is None
    assert member(ANYTHING) == ""
    assert member(ANYTHING - ANYTHING) is None


def test_characters_come_from_their_set() -> None:
    """As in names: so many of these, then more."""
    digits = sequence(literal("n-"), some("0123456789", 2, more=True))
    assert member(digits) == "n-00"
    assert "n-0" not in digits
    assert "n-123" in digits
    assert "n-12x" not in digits


def test_a_search_that_is_given_up_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It raises; an empty answer would be a proof."""
    monkeypatch.setattr(emptiness, "STATES_AT_MOST", 50)
    with pytest.raises(Undecided, match="more than 50 states"):
        member(glob("*a" + "?" * 12) & glob("*b" + "?" * 12))


def test_no_character_of_a_document_is_taken_for_all_others() -> None:
    """JSON may have any, NUL among them: what is left without one is not nothing."""
    for char in ("\0", "\ud800", "\U0010ffff", "o"):
        found = member(glob("?") - literal(char))
        assert found not in (None, char)
