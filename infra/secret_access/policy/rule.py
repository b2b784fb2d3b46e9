"""What a rule is, and what it says of a resource. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..proof.preview import Resource
from .providers import as_rules_read

A_PREFIX: Mapping[str, str] = {"type": "string", "pattern": "/$"}
"""The JSON schema of a prefix: without its slash it would cover its neighbours."""
Options = Mapping[str, Any]
"""Settings of a rule, by name, as the configuration of the pack has them."""


class Severity(StrEnum):
    """What a violation does."""

    ERROR = "error"
    """It stops the preview or the update: `mandatory` in Pulumi's words."""
    WARNING = "warning"
    """It is printed: `advisory` in Pulumi's words."""


@dataclass(frozen=True)
class Rule:
    """A rule. `about` is one sentence on what is wrong in general, `mend` how to mend it."""

    id: str
    severity: Severity
    about: str
    mend: str


@dataclass(frozen=True)
class ResourceRule(Rule):
    """A rule that needs one resource alone: it is judged before the resource is made."""

    check: Callable[[Resource, Options], Iterable[str]]
    """Yields what is wrong with a resource."""
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """JSON schemas of the settings that `check` gets, by name."""

    def judge(self, resource: Resource, options: Options) -> Iterator[str]:
        """Yield what is wrong with a resource of any provider that is read."""
        found = [what for each in as_rules_read([resource]) for what in self.check(each, options)]
        yield from dict.fromkeys(found)


@dataclass(frozen=True)
class Found:
    """What is wrong, and with which resource; without a URN, with the stack."""

    what: str
    urn: str | None = None


@dataclass(frozen=True)
class StackRule(Rule):
    """A rule that compares resources: it is judged at the end of a preview, and before the update that follows."""

    check: Callable[[Sequence[Resource], Options], Iterable[Found]]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """JSON schemas of the settings that `check` gets, by name."""
    options_of: str = ""
    """A rule whose settings it takes where it has none of its own."""
    is_proof: bool = False
    """Whether it is the proof, which reads providers by itself."""

    def judge(self, resources: Sequence[Resource], options: Options) -> Iterator[Found]:
        """Yield what is wrong with resources of any provider that is read."""
        yield from self.check(resources if self.is_proof else as_rules_read(resources), options)


@dataclass(frozen=True)
class Violation:
    """A rule that some resource breaks."""

    rule: Rule
    found: Found


def violations(
    rules: Iterable[Rule], resources: Sequence[Resource], options: Mapping[str, Options] | None = None
) -> list[Violation]:
    """Return what each rule has against the resources; `options` by id of a rule."""
    found: list[Violation] = []
    for rule in rules:
        given = (options or {}).get(rule.id, {})
        if isinstance(rule, ResourceRule):
            said = [Found(what, each.urn) for each in resources for what in rule.judge(each, given)]
        elif isinstance(rule, StackRule):
            said = list(rule.judge(resources, given or (options or {}).get(rule.options_of, {})))
        else:
            raise TypeError(f"a rule for one resource, or for the stack, not {type(rule).__name__}")
        found += [Violation(rule, each) for each in said]
    return found
