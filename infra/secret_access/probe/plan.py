"""What is asked from where: for each identity, its own names and every other's. Pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from secret_names.vaults import EXACT

from .errors import ProbeError
from .identities import Identity
from .matrix import READ, REFUSED, Question
from .places import Place


@dataclass(frozen=True)
class Part:
    """What is asked about the secrets of one place; the own ones come first."""

    place: Place
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Probe:
    """What one identity asks, in a pod of its own."""

    identity: Identity
    parts: tuple[Part, ...]
    """The identity's own place comes first."""

    @property
    def questions(self) -> list[Question]:
        """All of them."""
        return [question for part in self.parts for question in part.questions]

    @property
    def key(self) -> str:
        """What tells it from all others, whichever names there are; a value of a label."""
        identity = self.identity
        where = [identity.place.vault, identity.place.realm, identity.place.location]
        asked = [identity.namespace, identity.service_account, identity.credentials, where]
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
    owned: dict[Place, dict[str, None]] = {}
    for identity in found:
        own = [name for name in identity.names if identity.owns(name, identity.place)]
        owned.setdefault(identity.place, {}).update(dict.fromkeys(own))
        if not own:
            gaps.append(
                f"{identity.namespace} on {identity.place.vault}: no secret of it is known, so nobody was asked for "
                f"one; declare its names in the stack (`secrets`), or give --name {identity.namespace}=NAME"
            )
    owners = _owners(found)
    probes = []
    apart: dict[tuple[Place, str], dict[str, None]] = {}
    for identity in found:
        parts = []
        for where in [identity.place, *(each for each in owned if each != identity.place)]:
            if where.vault != identity.place.vault or not owned[where]:
                continue
            if why := where.why_not_asked_by(identity.place):
                apart.setdefault((where, why), {})[identity.namespace] = None
                continue
            names = [name for name in owned[where] if identity.namespace not in owners.get((where, name), ())]
            asked = _questions(found, identity, where, owned[where] if where == identity.place else names)
            parts += [Part(where, asked)] if asked else []
        probes.append(Probe(identity, tuple(parts)))
    gaps += [
        f"{' and '.join(namespaces)} did not ask for the secrets in {where}: {why}; if both are one, spell it the same "
        "way in both, else ask the namespaces of each alone, with --namespace"
        for (where, why), namespaces in apart.items()
    ]
    gaps += _of_one_prefix(found)
    outside = {name for each in found for name in each.names}.difference(*owned.values())
    notes = [f"{name} was not asked for: no namespace has its prefix" for name in sorted(outside)]
    notes += _shared(found)
    if not any(question.expected == REFUSED for probe in probes for question in probe.questions):
        gaps.append("no namespace was asked for another's secret: expected at least two namespaces with sidecars")
    return Plan(tuple(probe for probe in probes if probe.parts), tuple(gaps), tuple(notes))


def _owners(found: Sequence[Identity]) -> dict[tuple[Place, str], set[str]]:
    """Return which namespaces each secret is of: another of a namespace's identities may read it, or not."""
    owners: dict[tuple[Place, str], set[str]] = {}
    for identity in found:
        for name in identity.names:
            if _is_own(found, identity, identity.place, name):
                owners.setdefault((identity.place, name), set()).add(identity.namespace)
    return owners


def _of_one_prefix(found: Sequence[Identity]) -> list[str]:
    """Say which namespaces have one prefix in one place: each one's reads would count as reads of its own."""
    sharing: dict[tuple[Place, str], set[str]] = {}
    for identity in found:
        for prefix in identity.prefixes:
            sharing.setdefault((identity.place, prefix), set()).add(identity.namespace)
    return [
        f"{' and '.join(sorted(namespaces))} on {where} have one prefix: {prefix!r}, so nobody knows whose its secrets "
        "are; give each a prefix of its own"
        for (where, prefix), namespaces in sharing.items()
        if len(namespaces) > 1
    ]


def _shared(found: Sequence[Identity]) -> list[str]:
    """Say which secrets without a prefix several namespaces declare: each of them is meant to read it."""
    sharing: dict[tuple[Place, str], set[str]] = {}
    for identity in found:
        for name in identity.names:
            if name.startswith(EXACT) and identity.owns(name, identity.place):
                sharing.setdefault((identity.place, name), set()).add(identity.namespace)
    return [
        f"{name} on {where} is declared by {' and '.join(sorted(namespaces))}: each is meant to read it"
        for (where, name), namespaces in sharing.items()
        if len(namespaces) > 1
    ]


def _is_own(found: Sequence[Identity], identity: Identity, where: Place, name: str) -> bool:
    """Return whether an identity is meant to read a name: not where a longer prefix says that it is another's."""
    return identity.owns(name, where) and not any(
        other.namespace != identity.namespace and other.covers(name, where) > identity.covers(name, where)
        for other in found
    )


def _questions(
    found: Sequence[Identity], identity: Identity, where: Place, names: Iterable[str]
) -> tuple[Question, ...]:
    asked = [
        Question(
            vault=where.vault,
            asker=identity.namespace,
            name=name,
            expected=READ if _is_own(found, identity, where, name) else REFUSED,
            asked_by=f"{identity.namespace} (ServiceAccount {identity.service_account})",
            place=str(where),
        )
        for name in names
    ]
    return tuple(sorted(asked, key=lambda each: each.expected != READ))
