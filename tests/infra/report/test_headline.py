"""The headline is never greener than what is below it, whatever the files say of themselves."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from secret_access.preflight.check import Check, Severity
from secret_access.probe import matrix as probe
from secret_access.probe import rendering
from secret_access.probe.matrix import READ, REFUSED, Question, judge
from secret_access.proof.errors import DocumentError
from secret_access.report.findings import answer
from secret_access.report.matrix import BREACH, OWN
from secret_access.report.pages import as_html, as_markdown
from secret_access.report.report import BREACHED, ISOLATED, OPEN, Report, report
from secret_access.report.text import as_text
from tests.infra.report.answers import NOW, answers, cell, evaluation, preflight, proof, rbac

Change = Callable[[Any], object]


def changed(text: str, change: Change) -> str:
    given = json.loads(text)
    change(given)
    return json.dumps(given)


def made(**texts: str) -> Report:
    return report(answers(**texts), "", NOW)


def cloud(**values: Any) -> Change:
    return lambda given: given["clouds"][0].update(values)


CONTRADICTORY: dict[str, dict[str, str]] = {
    "evaluate says isolated, and that something is undecided": {
        "evaluation": changed(evaluation(), cloud(undecided=["a policy"]))
    },
    "evaluate does not say whether it is isolated": {"evaluation": changed(evaluation(), lambda e: e.pop("isolated"))},
    "evaluate says so in text": {"evaluation": changed(evaluation(), lambda e: e.update(isolated="true"))},
    "evaluate judged no cloud": {"evaluation": changed(evaluation(), lambda e: e.update(clouds=[])), "proof": proof()},
    "evaluate judged no namespace": {"evaluation": changed(evaluation(), cloud(namespaces={}, judged=[]))},
    "prove says isolated, and what is wrong": {
        "evaluation": evaluation(),
        "proof": changed(proof(), lambda p: p.update(wrong=["no name of shop is known"])),
    },
    "prove says isolated, and a refusal proves nothing": {
        "evaluation": evaluation(),
        "proof": changed(proof(cell("test", "test", 403)), lambda p: p.update(isolated=True)),
    },
    "prove asked nothing": {"evaluation": evaluation(), "proof": changed(proof(), lambda p: p.update(cells=[]))},
    "prove does not say whether it is isolated": {
        "evaluation": evaluation(),
        "proof": changed(proof(), lambda p: p.pop("isolated")),
    },
}


@pytest.mark.parametrize("case", CONTRADICTORY)
def test_what_contradicts_itself_is_not_isolated(case: str) -> None:
    assert made(**CONTRADICTORY[case]).verdict == OPEN


def test_one_namespace_alone_is_kept_to_its_own_names() -> None:
    """There is no pair to count."""
    found = made(evaluation=evaluation(names=("test",)))
    assert found.verdict == ISOLATED
    assert (
        found.summary == "The one namespace is kept to its own names on aws: proven from the documents for all names."
    )


def test_a_breach_counts_whatever_its_file_says_of_itself() -> None:
    """The documents keep them apart, and say so; a pod read it."""
    read = changed(proof(cell("test", "prod", 200)), lambda p: p.update(isolated=True, wrong=[]))
    assert made(evaluation=evaluation(), proof=read).verdict == BREACHED


def test_what_another_namespace_reads_as_its_own_is_a_breach() -> None:
    """A sidecar may declare any name as its own; the prefix of the documents says whose it is."""
    taken = cell("test", "prod", name="prod/db", expected=200, status=200)
    found = made(evaluation=evaluation(), proof=proof(taken))
    assert found.verdict == BREACHED
    assert found.matrices[0].shown[0] == OWN + BREACH
    assert "asked for as its own; by its prefix it is of prod" in found.matrices[0].reasons["test", "prod"]


def test_what_two_namespaces_read_as_their_own_is_of_each() -> None:
    """Where no prefix says whose it is: a name that they share."""
    both = [cell(each, each, name="shared/ca") for each in ("test", "prod")]
    shown = made(evaluation=evaluation(), proof=proof(*both)).matrices[0].shown
    assert [shown[0][0], shown[1][1]] == [OWN, OWN]
    assert not any(BREACH in line for line in shown)


def test_a_cloud_that_is_there_twice_is_refused() -> None:
    """One of the two would hide the other's breaches."""
    twice = changed(evaluation(), lambda e: e.update(clouds=e["clouds"] * 2))
    with pytest.raises(DocumentError, match="'aws' twice"):
        answer("evaluation", twice.encode())


@pytest.mark.parametrize(
    ("kind", "text", "change", "message"),
    [
        (
            "proof",
            proof(),
            lambda p: p["cells"][0].update(expected="403"),
            "'expected' .* given '403', expected 200 or 403",
        ),
        ("proof", proof(), lambda p: p["cells"][0].update(expected=404), "given 404"),
        ("proof", proof(), lambda p: p["cells"][0].update(status="200"), "'status' .* expected an HTTP status or null"),
        ("proof", proof(), lambda p: p["cells"][0].update(status=True), "'status'"),
        ("proof", proof(), lambda p: p["cells"][0].update(name=5), "'name' .* expected text"),
        ("proof", proof(), lambda p: p.update(wrong="one"), "'wrong' .* expected a list of texts"),
        ("evaluation", evaluation(), cloud(namespaces=["test"]), "'namespaces' .* expected an object of texts"),
        ("evaluation", evaluation(), cloud(undecided="all"), "'undecided' .* expected a list of texts"),
        ("evaluation", evaluation(), cloud(breaches={}), "'breaches'"),
        ("evaluation", evaluation(), lambda e: e["documents"][0].pop("urn"), "lacks urn"),
        ("evaluation", evaluation(), lambda e: e.update(documents={}), "no list 'documents'"),
        ("rbac", rbac(), lambda r: r["ways"][0].update(subject=None), "'subject' .* given None"),
        ("rbac", rbac(), lambda r: r.update(expected=["ann"]), "'expected' .* an object of numbers"),
        ("preflight", preflight(), lambda p: p["checks"][0].update(found=[]), "'found'"),
    ],
)
def test_what_has_the_wrong_form_is_refused(kind: str, text: str, change: Change, message: str) -> None:
    """Not taken for its opposite, and never a stack trace."""
    with pytest.raises(DocumentError, match=message):
        answer(kind, changed(text, change).encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_every_shell_are_read(encoding: str) -> None:
    """PowerShell writes UTF-16."""
    assert answer("evaluation", evaluation().encode(encoding)) == json.loads(evaluation())


@pytest.mark.parametrize("text", [b"[" * 100_000, b"\xff\xfe\xfd", b"{\x80}"])
def test_what_is_no_text_is_refused(text: bytes) -> None:
    with pytest.raises(DocumentError, match="the evaluation is not JSON"):
        answer("evaluation", text)


@pytest.mark.parametrize("kind", ["evaluation", "proof", "rbac", "preflight"])
def test_what_is_only_optional_may_be_missing(kind: str) -> None:
    """As files of an older version lack it; each form is still made."""
    least = {
        "evaluation": {"clouds": json.loads(evaluation())["clouds"]},
        "proof": {"cells": json.loads(proof())["cells"]},
        "rbac": {"ways": json.loads(rbac())["ways"]},
        "preflight": {"checks": [{"id": "a", "severity": "error", "what": "b", "found": "c"}]},
    }
    found = made(**{kind: json.dumps(least[kind])})
    assert found.verdict != ISOLATED
    assert all(form(found) for form in (as_html, as_markdown, as_text))


def test_what_the_commands_print_has_the_form() -> None:
    """Also where a question had no answer, and a check has nothing to mend."""
    asked = [Question("aws", "test", "test/db", READ), Question("aws", "test", "prod/db", REFUSED)]
    cells = [judge(asked[0], probe.Answer(READ)), judge(asked[1], probe.Answer(None))]
    printed = rendering.as_json(cells, [], ["a note"], NOW)
    assert answer("proof", json.dumps(printed).encode()) == printed
    checks = {"ready": True, "checks": [asdict(Check("a", Severity.UNKNOWN, "b", "c"))]}
    assert answer("preflight", json.dumps(checks).encode()) == checks


def test_who_was_not_counted_by_the_scan_is_named() -> None:
    """Also where a person was given with `--trusted`, or a guard refuses what RBAC allows; with what was looked at."""

    def closed(given: Any) -> None:
        refused = {"subject": "User ann", "refused_by": "guard"}
        given.update(
            ways=[], expected={"Group devs": 12}, refused=[refused, refused], identities=given["identities"][:1]
        )

    found = made(evaluation=evaluation(), rbac=changed(rbac(), closed))
    page = as_html(found)
    assert "no way to 1 identity open but to 1 expected subject" in page
    assert "Group devs: 12" in page
    assert "Refused by the guard guard: User ann" in page
    assert "Not looked at, because no ServiceAccount there has one that can be seen: prod." in page
    assert found.as_json()["rbac_not_counted"] == {"Group devs": 12}


def test_who_can_obtain_an_identity_stands_beside_the_verdict_in_every_form() -> None:
    """The clouds keep namespaces apart; the cluster may not."""
    open_, unknown = made(evaluation=evaluation(), rbac=rbac()), made(evaluation=evaluation())
    for form in (as_html, as_markdown, as_text, lambda each: json.dumps(each.as_json())):
        assert "Inside the cluster one subject can obtain an identity, which no cloud stops." in form(open_)
        assert "Who can obtain an identity inside the cluster was not scanned." in form(unknown)
