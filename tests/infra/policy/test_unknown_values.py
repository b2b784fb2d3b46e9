"""At preview much is not known yet, or left out: the rules go on."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.policy.cases import CASES
from tests.infra.policy.cases.case import Case, resources


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in a value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in entries:
        yield (*path, key)
        yield from places(each, (*path, key))


def changed(resource: Resource, path: tuple[Any, ...], to: Any) -> Resource:
    """A resource with something else at a path."""
    inputs: Any = copy.deepcopy(resource.inputs)
    place = inputs
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return Resource(resource.urn, resource.type, inputs, resource.depends_on)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_what_is_not_known_or_missing_stops_no_rule(case: Case) -> None:
    """Each input in turn, at any depth."""
    given = resources(case.wrong)
    own = [rule for rule in RULES if rule.id == case.rule]
    for number, each in enumerate(given):
        for path in places(each.inputs):
            for value, rules in ((UNKNOWN, RULES), (None, own)):
                violations(rules, [*given[:number], changed(each, path, value), *given[number + 1 :]])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_a_resource_of_which_nothing_is_known_breaks_no_rule(case: Case) -> None:
    """What can be missing is judged at the update, when it is known."""
    given = [Resource(each.urn, each.type, dict.fromkeys(each.inputs, UNKNOWN), {}) for each in resources(case.right)]
    assert [each.rule.id for each in violations(RULES, given) if each.rule.id != "not-judged"] == []
