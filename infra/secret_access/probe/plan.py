"""What is asked from where: for each identity, its own names and every other's. Pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .errors import ProbeError
from .identities import EXACT, Identity
from .matrix import READ, REFUSED, Question
from .places import Place


@dataclass(frozen=True)
class Probe:
    """The questions of one identity about the secrets of one place: those of one pod."""

    identity: Identity
    place: Place
    questions: tuple[Question, ...]

    @property
    def names(self) -> list[str]:
        """The names to ask for."""
        return [question.name for question in self.questions]

    @property
    def key(self) -> str:
        """What tells it from all others, whichever names there are; a value of a label."""
        asked = [self.identity.namespace, self.identity.service_account, str(self.identity.place), str(self.place)]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Plan:
    """All that is asked, and what cannot be."""

    probes: tuple[Probe, ...]
    gaps: tuple[str, ...] = ()
    """What nothing is proven of, in words."""
    notes: tuple[str, ...] = ()
    """What was left out on purpose."""


def with_names(found: Sequence[Identity], given: Iterable[tuple[str, str]]) -> list[Identity]:
    """Return the identities with more names, each given as its namespace and itself. Raise ProbeError."""
    more = list(given)
    namespaces = {identity.namespace for identity in found}
    for namespace, name in more:
        if namespace not in namespaces:
            raise ProbeError(
                f"--name {namespace}={name}: namespace {namespace!r} has no pod with a sidecar, expected one of "
                f"{', '.join(sorted(namespaces)) or 'none'}"
            )
    return [
        replace(
            identity,
            names=tuple(
                dict.fromkeys(
                    [*identity.names, *(identity.full(name) for of, name in more if of == identity.namespace)]
                )
            ),
        )
        for identity in found
    ]


def plan(found: Sequence[Identity]) -> Plan:
    """Return what to ask: each identity for each name of each place that knows it."""
    gaps: list[str] = []
    notes: list[str] = []
    probes: list[Probe] = []
    owned: dict[Place, list[str]] = {}
    for identity in found:
        own = [name for name in identity.names if identity.owns(name, identity.place)]
        owned.setdefault(identity.place, []).extend(own)
        if not own:
            gaps.append(
                f"{identity.namespace} on {identity.place.vault}: no secret of it is known, so nobody was asked for "
                f"one; declare its names in the stack (`secrets`), or give --name {identity.namespace}=NAME"
            )
    for identity in found:
        for where, names in owned.items():
            if where.vault != identity.place.vault or not names:
                continue
            if where.realm != identity.place.realm:
                notes.append(
                    f"{identity.namespace} did not ask for the secrets in {where}: its identity is of {identity.place}"
                )
                continue
            probes.append(
                Probe(identity, where, tuple(_question(found, identity, where, each) for each in _once(names)))
            )
    gaps += _of_one_prefix(found)
    outside = {name for each in found for name in each.names} - {name for names in owned.values() for name in names}
    notes += [f"{name} was not asked for: no namespace has its prefix" for name in sorted(outside)]
    if not any(question.expected == REFUSED for probe in probes for question in probe.questions):
        gaps.append("no namespace was asked for another's secret: expected at least two namespaces with sidecars")
    return Plan(tuple(probes), tuple(gaps), tuple(notes))


def _of_one_prefix(found: Sequence[Identity]) -> list[str]:
    """Say which namespaces have one prefix in one place: each one's reads would count as reads of its own."""
    sharing: dict[tuple[Place, str], set[str]] = {}
    for identity in found:
        sharing.setdefault((identity.place, identity.prefix), set()).add(identity.namespace)
    return [
        f"{' and '.join(sorted(namespaces))} on {where} have one prefix: {prefix!r}, so nobody knows whose its secrets "
        "are; give each a prefix of its own"
        for (where, prefix), namespaces in sharing.items()
        if len(namespaces) > 1
    ]


def _is_own(found: Sequence[Identity], identity: Identity, where: Place, name: str) -> bool:
    """Return whether an identity is meant to read a name: not where a longer prefix says that it is another's."""
    return identity.owns(name, where) and not any(
        other.namespace != identity.namespace
        and len(other.prefix) > len(identity.prefix)
        and not name.startswith(EXACT)
        and other.owns(name, where)
        for other in found
    )


def _question(found: Sequence[Identity], identity: Identity, where: Place, name: str) -> Question:
    return Question(
        vault=where.vault,
        asker=identity.namespace,
        name=name,
        expected=READ if _is_own(found, identity, where, name) else REFUSED,
        asked_by=f"{identity.namespace} (ServiceAccount {identity.service_account})",
        place=str(where),
    )


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
