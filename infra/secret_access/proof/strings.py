"""Sets of strings: patterns, and what union, intersection and complement make of them. Pure.

A policy is such a set: of the ARNs that it allows, of the subjects that it trusts. emptiness.py finds a member of a
set, or proves that it has none.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

Charset = frozenset[str] | None
"""The characters that stand at a place of a pattern. None: any character."""


@dataclass(frozen=True)
class Part:
    """One character of a set, or any number of them."""

    chars: Charset
    many: bool = False


@dataclass(frozen=True)
class StringSet:
    """A set of strings. `in` tells whether a string is a member."""

    def __contains__(self, text: object) -> bool:
        raise NotImplementedError

    def __or__(self, other: "StringSet") -> "StringSet":
        return union([self, other])

    def __and__(self, other: "StringSet") -> "StringSet":
        return intersection([self, other])

    def __sub__(self, other: "StringSet") -> "StringSet":
        return intersection([self, complement(other)])


@dataclass(frozen=True)
class Pattern(StringSet):
    """The strings that consist of these parts, in this order."""

    parts: tuple[Part, ...]

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and self._matches(text) is not None

    @cached_property
    def _matches(self) -> Callable[[str], object]:
        # By Python's own regular expressions, not by the prover's automaton: the two check each other
        return re.compile("".join(map(_expression, self.parts)), re.DOTALL).fullmatch


@dataclass(frozen=True)
class Union(StringSet):
    """The strings in any of the sets."""

    of: tuple[StringSet, ...]

    def __contains__(self, text: object) -> bool:
        return any(text in each for each in self.of)


@dataclass(frozen=True)
class Intersection(StringSet):
    """The strings in all of the sets."""

    of: tuple[StringSet, ...]

    def __contains__(self, text: object) -> bool:
        return all(text in each for each in self.of)


@dataclass(frozen=True)
class Complement(StringSet):
    """The strings that are not in a set."""

    of: StringSet

    def __contains__(self, text: object) -> bool:
        return text not in self.of


NOTHING = Union(())
ANYTHING = Pattern((Part(None, many=True),))


def union(sets: Iterable[StringSet]) -> StringSet:
    """Return the strings in any of the sets."""
    found = tuple(each for each in sets if each != NOTHING)
    if ANYTHING in found:
        return ANYTHING
    return found[0] if len(found) == 1 else Union(found)


def intersection(sets: Iterable[StringSet]) -> StringSet:
    """Return the strings in all of the sets."""
    found = tuple(each for each in sets if each != ANYTHING)
    if NOTHING in found:
        return NOTHING
    if not found:
        return ANYTHING
    return found[0] if len(found) == 1 else Intersection(found)


def complement(of: StringSet) -> StringSet:
    """Return the strings that are not in a set."""
    if of == NOTHING:
        return ANYTHING
    if of == ANYTHING:
        return NOTHING
    return of.of if isinstance(of, Complement) else Complement(of)


@lru_cache(maxsize=100_000)
def literal(text: str) -> Pattern:
    """Return the set of one string."""
    return Pattern(tuple(Part(frozenset(char)) for char in text))


@lru_cache(maxsize=100_000)
def glob(text: str) -> Pattern:
    """Return the strings that a pattern matches, where `*` is any number of characters and `?` is one."""
    parts: list[Part] = []
    for char in text:
        part = {"*": Part(None, many=True), "?": Part(None)}.get(char) or Part(frozenset(char))
        if not (part.many and parts and parts[-1] == part):
            parts.append(part)
    return Pattern(tuple(parts))


def sequence(*patterns: Pattern) -> Pattern:
    """Return the strings that consist of one of each pattern, in this order."""
    return Pattern(tuple(part for pattern in patterns for part in pattern.parts))


def some(chars: Iterable[str], at_least: int = 1, *, more: bool = False) -> Pattern:
    """Return the strings of so many of these characters; with `more`, of any number beyond."""
    part = Part(frozenset(chars))
    return Pattern((part,) * at_least + ((Part(part.chars, many=True),) if more else ()))


def _expression(part: Part) -> str:
    one = "." if part.chars is None else f"[{''.join(map(re.escape, sorted(part.chars)))}]"
    return f"{one}*" if part.many else one
