"""A member of a set of strings, or the proof that it has none. Pure.

Each pattern is an automaton whose state is the set of places that it can stand at, in the bits of an integer; a set
made of patterns is all their automata side by side. The search goes through every combination of states that can be
reached, shortest string first. There are finitely many, so it ends: with a member, or with the proof.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .strings import Complement, Intersection, Part, Pattern, StringSet, Union

STATES_AT_MOST = 200_000
_OTHER = "other"
"""Stands for the characters that no pattern names. It is none itself, so that no pattern can name it."""
_SPELLED = "abcdefghijklmnopqrstuvwxyz0123456789"
State = tuple[int, ...]


class Undecided(Exception):
    """The search was given up after STATES_AT_MOST combinations: nothing is proven."""


def member(of: StringSet) -> str | None:
    """Return a shortest string of the set, or None where it is empty; raises Undecided."""
    search = _Search(of)
    start = tuple(automaton.start for automaton in search.automata)
    came_from: dict[State, tuple[State, str] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        if search.verdict(of, state, at_end=True):
            return _spelled(_path(came_from, state), search.named)
        for char, following in search.next_states(of, state):
            if following not in came_from and search.verdict(of, following) is not False:
                came_from[following] = (state, char)
                waiting.append(following)
        if len(came_from) > STATES_AT_MOST:
            raise Undecided(f"more than {STATES_AT_MOST} states")
    return None


@dataclass
class _Automaton:
    """A pattern's automaton. Bit n of a state: it can stand before part n."""

    parts: Sequence[Part]
    start: int = field(init=False)
    _steps: dict[tuple[int, str], int] = field(default_factory=dict)
    _named: dict[int, frozenset[str]] = field(default_factory=dict)
    _many: list[int] = field(init=False)
    """The places of parts that may match nothing."""

    def __post_init__(self) -> None:
        self._many = [place for place, part in enumerate(self.parts) if part.many]
        self.start = self._closed(1)

    def step(self, bits: int, char: str) -> int:
        found = self._steps.get((bits, char))
        if found is None:
            found = 0
            for place in _places(bits & ~self.end):
                part = self.parts[place]
                if part.chars is None or char in part.chars:
                    found |= 1 << (place if part.many else place + 1)
            found = self._steps[bits, char] = self._closed(found)
        return found

    @property
    def end(self) -> int:
        return 1 << len(self.parts)

    def verdict(self, bits: int, *, at_end: bool) -> bool | None:
        """Whether the strings so far are matched; without `at_end`, whether all or none of their continuations are."""
        if at_end:
            return bool(bits & self.end)
        if not bits:
            return False
        ends_open = self.parts[-1:] == (Part(None, many=True),)
        return True if ends_open and bits & (self.end >> 1) else None

    def chars(self, bits: int) -> frozenset[str] | None:
        """The characters that go on from here; None: any."""
        sets = [self.parts[place].chars for place in _places(bits & ~self.end)]
        return None if None in sets else self.named(bits)

    def named(self, bits: int) -> frozenset[str]:
        """The characters that the pattern tells from others here."""
        found = self._named.get(bits)
        if found is None:
            sets = (self.parts[place].chars for place in _places(bits & ~self.end))
            found = self._named[bits] = frozenset(char for chars in sets if chars is not None for char in chars)
        return found

    def _closed(self, bits: int) -> int:
        """With the places behind the parts that may match nothing."""
        for place in self._many:
            if bits >> place & 1:
                bits |= 1 << place + 1
        return bits


class _Search:
    """The patterns of a set, each once, and what their states say about the set."""

    def __init__(self, of: StringSet) -> None:
        numbers: dict[Pattern, int] = {}
        self.number: dict[int, int] = {}
        """Of each pattern's automaton, by the pattern's `id`: its hash is of all its parts, and asked at every step."""
        for pattern in _patterns(of):
            self.number[id(pattern)] = numbers.setdefault(pattern, len(numbers))
        self.automata = [_Automaton(pattern.parts) for pattern in numbers]
        self.named = {char for pattern in numbers for part in pattern.parts for char in part.chars or ()}

    def verdict(self, of: StringSet, state: State, *, at_end: bool = False) -> bool | None:
        """Whether the string so far is a member; without `at_end`, whether all or none of its continuations are."""
        if isinstance(of, Pattern):
            number = self.number[id(of)]
            return self.automata[number].verdict(state[number], at_end=at_end)
        if isinstance(of, Complement):
            inner = self.verdict(of.of, state, at_end=at_end)
            return None if inner is None else not inner
        decisive = isinstance(of, Union)
        is_open = False
        for each in _members(of):
            found = self.verdict(each, state, at_end=at_end)
            if found is decisive:
                return decisive
            is_open = is_open or found is None
        return None if is_open else not decisive

    def next_states(self, of: StringSet, state: State) -> Iterator[tuple[str, State]]:
        """The states to try, each with a character: one for each way that the patterns tell characters apart here."""
        possible = self._possible(of, state)
        seen: set[State] = set()
        named = {char for automaton, bits in zip(self.automata, state, strict=True) for char in automaton.named(bits)}
        candidates = named | {_OTHER} if possible is None else possible
        for char in sorted(candidates, key=_plain_first):
            following = tuple(automaton.step(bits, char) for automaton, bits in zip(self.automata, state, strict=True))
            if following not in seen:
                seen.add(following)
                yield char, following

    def _possible(self, of: StringSet, state: State) -> frozenset[str] | None:
        """The characters after which the string can still become a member, or more than those; None: any."""
        if isinstance(of, Pattern):
            number = self.number[id(of)]
            return self.automata[number].chars(state[number])
        if isinstance(of, Complement):
            return None
        sets = [self._possible(each, state) for each in _members(of)]
        known = [chars for chars in sets if chars is not None]
        if isinstance(of, Union):
            return frozenset().union(*known) if len(known) == len(sets) else None
        return min(known, key=len, default=None)


def _members(of: StringSet) -> tuple[StringSet, ...]:
    if not isinstance(of, (Union, Intersection)):
        raise TypeError(f"not a set of strings: {of!r}")
    return of.of


def _patterns(of: StringSet) -> Iterator[Pattern]:
    if isinstance(of, Pattern):
        yield of
    elif isinstance(of, Complement):
        yield from _patterns(of.of)
    else:
        for each in _members(of):
            yield from _patterns(each)


def _plain_first(char: str) -> tuple[int, str]:
    """Examples are for people: letters come before digits, and these before signs."""
    return _SPELLED.find(char) % 100, char


def _places(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _path(came_from: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    path: list[str] = []
    while (step := came_from[state]) is not None:
        state, char = step
        path.append(char)
    return path[::-1]


def _spelled(path: Sequence[str], named: set[str]) -> str:
    """The path as text: what stands for the characters that no pattern names is one of them."""
    other = next((char for char in _SPELLED if char not in named), "\U0001f600")
    return "".join(other if char == _OTHER else char for char in path)
