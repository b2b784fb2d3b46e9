"""Each mistake of the list is found with the right namespace and reason; with none, nothing is said."""

import json

import pytest

from secret_access.cli.evaluate import BREACHED
from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.probe.matrix import DENIAL_CODES, READ, Answer, judge, wrong
from secret_access.proof.evaluation import CLOUDS
from tests.infra.cli.test_evaluate import preview, run
from tests.infra.policy.cases.case import Case, resources
from tests.infra.seeded_mistakes import (
    IN_ANSWERS,
    IN_DOCUMENTS,
    IN_PROGRAMS,
    InAnswers,
    InDocuments,
    questions,
    refused,
)


@pytest.mark.parametrize("mistake", IN_DOCUMENTS, ids=lambda each: f"{each.cloud}: {each.what}")
def test_a_mistake_in_documents_is_found_before_it_is_deployed(mistake: InDocuments) -> None:
    """By the command, as CI runs it, with all clouds' documents judged, in whichever order Pulumi has them."""
    made = list({each.urn: each for each in mistake.resources()}.values())
    for ordered in (made, made[::-1]):
        result = run("--json", given=preview(ordered))
        assert result.exit_code == BREACHED, result.output
        found = {
            (cloud["cloud"], each["namespace"], each["owner"]): " ".join([each["identity"], *each["statements"]])
            for cloud in json.loads(result.output)["clouds"]
            for each in cloud["breaches"]
        }
        assert mistake.reason in found[mistake.cloud, mistake.namespace, mistake.owner]


@pytest.mark.parametrize("mistake", IN_PROGRAMS, ids=lambda each: f"{each.rule}: {each.name}")
def test_a_mistake_in_a_program_is_found_by_its_rule(mistake: Case) -> None:
    """With the resource, and how to mend it."""
    found = [each for each in violations(RULES, resources(mistake.wrong)) if each.rule.id == mistake.rule]
    assert {(each.found.urn or "").rpartition("::")[2] for each in found} == {mistake.resource}
    assert mistake.says in found[0].found.what
    assert all(each.rule.mend for each in found)


def answer(cloud: str, asker: str, owner: str) -> Answer:
    """What an isolated cloud answers."""
    return Answer(READ, backend=cloud) if asker == owner else refused(cloud, min(DENIAL_CODES[cloud]))


@pytest.mark.parametrize("mistake", IN_ANSWERS, ids=lambda each: f"{each.cloud}: {each.what}")
def test_a_mistake_that_no_document_shows_is_found_by_the_probe(mistake: InAnswers) -> None:
    """And what is said of it names who asked, for what, and who decided."""

    def said(answers: dict[tuple[str, str], Answer]) -> list[str]:
        cells = []
        for each in questions(mistake.cloud):
            owner = each.name.partition("/")[0]
            given = answers.get((each.asker, owner)) or answer(mistake.cloud, each.asker, owner)
            cells.append(judge(each, given))
        return wrong(cells)

    assert said({}) == []
    assert mistake.reason in "\n".join(said(dict(mistake.answers)))


def test_the_list_has_what_it_must() -> None:
    """Thirty at least, of each cloud, and one of each rule."""
    assert len(IN_DOCUMENTS) + len(IN_PROGRAMS) + len(IN_ANSWERS) >= 30
    for found in (IN_DOCUMENTS, IN_ANSWERS):
        assert {each.cloud for each in found} == set(CLOUDS)
    assert {each.rule for each in IN_PROGRAMS} == {rule.id for rule in RULES}
