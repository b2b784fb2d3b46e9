"""Each namespace against each namespace's names: what the documents let through. Pure, and the same for every cloud.

Two questions for each identity that a namespace can get. Of the prover: is there any name outside the namespace's own
prefix that it may use? None is a proof for all names at once. Of the documents themselves: the names that break
prefixes, one by one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from secret_names import dashed

from .emptiness import Undecided, member
from .strings import NOTHING, StringSet, intersection, union

LONGEST = 512


@dataclass(frozen=True)
class Reach:
    """An identity that pods of a namespace can get, and what it may use."""

    namespace: str
    identity: str
    allowed: StringSet
    """Of names as the vault spells them."""
    why: Callable[[str], tuple[str, ...]]
    """The statements that let a name of `allowed` through."""


@dataclass(frozen=True)
class Spelling:
    """How a vault spells names."""

    under: Callable[[str], StringSet]
    """All spelled names under a prefix."""
    spelled: Callable[[str], str]
    """One of the spelled forms of a name."""
    name_of: Callable[[str], str]
    """The name that a spelled form has."""


@dataclass(frozen=True)
class Breach:
    """A namespace that can use a name which is not its own."""

    namespace: str
    owner: str | None
    """The namespace whose name it is. None: of none in the documents."""
    name: str
    identity: str
    statements: tuple[str, ...]
    """What lets it through, from the token to the secret."""
    found_by: str
    """`name`: one of the chosen names; `proof`: the prover."""


@dataclass(frozen=True)
class Verdict:
    """What the documents of a cloud say."""

    cloud: str
    namespaces: Mapping[str, str]
    """The prefix of each."""
    breaches: tuple[Breach, ...]
    undecided: tuple[str, ...] = ()
    """What could not be judged, and why."""
    unreadable: tuple[str, ...] = ()
    """Namespaces that cannot read names of their own."""
    names_asked: int = 0
    not_in_documents: tuple[str, ...] = ()
    """What decides too, and stands in no document of the stack."""
    judged: tuple[str, ...] = ()
    """The namespaces that have an identity among the documents: the verdict is about them."""

    @property
    def cells(self) -> int:
        """Namespaces that were judged times prefixes."""
        return len(self.judged) * len(self.namespaces)


def is_under(prefix: str, other: str) -> bool:
    """Return whether a vault may spell one prefix so that it begins with the other."""
    return dashed(prefix).lower().startswith(dashed(other).lower())


def chosen_names(prefix: str) -> list[str]:
    """Return names under a prefix that break matching by prefix: plain, nested, longest, and two with odd ends."""
    longest = prefix + "x" * (LONGEST - len(prefix))
    return [f"{prefix}a", f"{prefix}{prefix}a/b", longest, f"{prefix}db-AbCdEf", f"{prefix}-"]


def neighbours(prefix: str) -> list[str]:
    """Return names beside a prefix that a pattern without its closing `/` would cover."""
    stem = prefix.removesuffix("/")
    return [stem, f"{stem}-eu/a", f"{stem}ing/a", f"{stem.rpartition('/')[0]}/a".removeprefix("/")]


def judge(
    cloud: str,
    prefixes: Mapping[str, str],
    reached: Sequence[Reach],
    spelling: Spelling,
    *,
    shared: Sequence[str] = (),
    undecided: Sequence[str] = (),
    not_in_documents: Sequence[str] = (),
) -> Verdict:
    """Return what is let through; names under the prefixes `shared` are for everybody."""
    evaluation = _Evaluation(prefixes, spelling, shared)
    for reach in reached:
        evaluation.add(reach)
    readers = {reach.namespace for reach in reached if evaluation.can_use_own(reach)}
    breaches = {(each.namespace, each.owner, each.identity): each for each in reversed(evaluation.breaches)}
    return Verdict(
        cloud=cloud,
        namespaces=prefixes,
        breaches=tuple(breaches[key] for key in sorted(breaches, key=_named_owners_first)),
        undecided=(*undecided, *evaluation.undecided),
        unreadable=tuple(sorted(set(prefixes) - readers)),
        names_asked=evaluation.asked,
        not_in_documents=tuple(not_in_documents),
        judged=tuple(sorted(set(prefixes) & {reach.namespace for reach in reached})),
    )


def _named_owners_first(key: tuple[str, str | None, str]) -> tuple[str, bool, str, str]:
    namespace, owner, identity = key
    return namespace, owner is None, owner or "", identity


@dataclass
class _Evaluation:
    """What was found so far of a cloud's identities."""

    prefixes: Mapping[str, str]
    spelling: Spelling
    shared: Sequence[str]
    breaches: list[Breach] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    asked: int = 0
    touched: dict[int, tuple[StringSet, Sequence[str]]] = field(default_factory=dict)
    """By the set's id; the set is kept, so that no other gets the id."""

    def __post_init__(self) -> None:
        self.under = lru_cache(maxsize=None)(self.spelling.under)
        self.open = union(self.under(prefix) for prefix in self.shared)
        self.chosen = {
            namespace: [self.spelling.spelled(name) for name in chosen_names(prefix)]
            for namespace, prefix in self.prefixes.items()
        }

    def add(self, reach: Reach) -> None:
        """Add what an identity may use beyond its namespace's own names."""
        own = self.prefixes.get(reach.namespace)
        mine = union([self.open, NOTHING if own is None else self._own(reach.namespace, own)])
        self._ask_names(reach, mine, own)
        try:
            self._prove(reach, mine)
        except Undecided as error:
            self.undecided.append(f"{reach.identity} of namespace {reach.namespace}: {error}")

    def can_use_own(self, reach: Reach) -> bool:
        own = self.prefixes.get(reach.namespace)
        if own is None or self.spelling.spelled(f"{own}a") in reach.allowed:
            return own is not None
        try:
            return member(intersection([reach.allowed, self.under(own)])) is not None
        except Undecided:
            return True

    def _ask_names(self, reach: Reach, mine: StringSet, own: str | None) -> None:
        for owner, names in self.chosen.items():
            if owner != reach.namespace:
                self._ask(reach, owner, names, mine)
        if own is not None:
            self._ask(reach, None, [self.spelling.spelled(name) for name in neighbours(own)], mine)

    def _ask(self, reach: Reach, owner: str | None, names: Sequence[str], mine: StringSet) -> None:
        self.asked += len(names)
        allowed = reach.allowed
        for name in names:
            if name in allowed and name not in mine:
                self._found(reach, self._owner(name) if owner is None else owner, name, "name")
                return

    def _prove(self, reach: Reach, mine: StringSet) -> None:
        beyond = reach.allowed - mine
        if (anything := member(intersection([beyond, self.under("")]))) is None:
            return
        known = (reach.namespace, reach.identity)
        found = {breach.owner for breach in self.breaches if (breach.namespace, breach.identity) == known}
        for owner in self._touched(reach.allowed):
            if owner not in found and owner != reach.namespace:
                name = member(intersection([self.under(self.prefixes[owner]), beyond]))
                if name is not None:
                    found.add(owner)
                    self._found(reach, owner, name, "proof")
        if not found:
            self._found(reach, self._owner(anything), anything, "proof")

    def _touched(self, allowed: StringSet) -> Sequence[str]:
        """Return the namespaces of which a set has names: asked once of what all pods of a node may use."""
        if id(allowed) not in self.touched:
            names = ((owner, intersection([self.under(prefix), allowed])) for owner, prefix in self.prefixes.items())
            self.touched[id(allowed)] = allowed, [owner for owner, each in names if member(each) is not None]
        return self.touched[id(allowed)][1]

    def _own(self, namespace: str, prefix: str) -> StringSet:
        """The names under a namespace's prefix, without those under other namespaces' that begin with it."""
        others = [each for owner, each in self.prefixes.items() if owner != namespace and is_under(each, prefix)]
        return self.under(prefix) - union(map(self.under, others))

    def _owner(self, name: str) -> str | None:
        owners = [owner for owner, prefix in self.prefixes.items() if name in self.under(prefix)]
        return max(owners, key=lambda owner: len(self.prefixes[owner]), default=None)

    def _found(self, reach: Reach, owner: str | None, name: str, by: str) -> None:
        self.breaches.append(
            Breach(reach.namespace, owner, self.spelling.name_of(name), reach.identity, reach.why(name), by)
        )
