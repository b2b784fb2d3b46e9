"""Each mistake is found by its rule, with its resource; and the same program without it passes every rule."""

import pytest

from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from tests.infra.policy.cases import CASES
from tests.infra.policy.cases.case import CANARY, Case, resources

EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")


@EVERY
def test_a_mistake_is_found(case: Case) -> None:
    given = resources(case.wrong)
    found = [each for each in violations(RULES, given) if each.rule.id == case.rule]
    assert {(each.found.urn or "").rpartition("::")[2] for each in found} == {case.resource}
    assert case.says in found[0].found.what
    assert CANARY not in found[0].found.what


@EVERY
def test_the_program_without_the_mistake_passes(case: Case) -> None:
    assert violations(RULES, resources(case.right)) == []


def test_all_programs_without_mistakes_are_one_without() -> None:
    """What the real engine previews in one run."""
    together = [each for number, case in enumerate(CASES) for each in resources(case.right, f"{number} ")]
    assert [(each.rule.id, each.found) for each in violations(RULES, together)] == []


def test_every_rule_has_a_mistake() -> None:
    assert {case.rule for case in CASES} == {rule.id for rule in RULES}
