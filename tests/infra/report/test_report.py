"""What the report says, and in which form."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import click
import pytest

from secret_access.proof.errors import DocumentError
from secret_access.report.findings import answer
from secret_access.report.pages import as_html, as_markdown
from secret_access.report.report import BREACHED, ISOLATED, OPEN, Report, report
from secret_access.report.shapes import COMMANDS
from secret_access.report.text import WIDEST, as_text
from tests.infra.proof.documents import policy, resource, role_policy
from tests.infra.report.answers import NOW, WIDENED, answers, cell, evaluation, preflight, proof, rbac

HOSTILE = "</script><script>alert(1)</script>|`<b>![x](https://example.com/x.png)"


def made(**texts: str) -> Report:
    return report(answers(**texts), "", NOW)


def test_isolation_is_said_with_its_evidence() -> None:
    """Proven, shown, or both; the title is the stack's name."""
    proven, asked, both = (
        made(evaluation=evaluation()),
        made(proof=proof()),
        made(evaluation=evaluation(), proof=proof()),
    )
    assert {each.verdict for each in (proven, asked, both)} == {ISOLATED}
    assert proven.summary.endswith("kept apart on aws: proven from the documents for all names.")
    assert asked.summary.endswith("kept apart on aws: refused by the cloud when asked.")
    assert both.summary.endswith("proven from the documents for all names and refused by the cloud when asked.")
    assert both.title == "test"


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        ({"evaluation": evaluation(WIDENED)}, BREACHED),
        ({"evaluation": evaluation(), "proof": proof(cell("test", "prod", 200))}, BREACHED),
        ({"evaluation": evaluation(WIDENED), "proof": proof()}, BREACHED),
        ({"evaluation": evaluation(), "proof": proof(cell("test", "prod", 500))}, OPEN),
        ({"evaluation": evaluation(), "proof": proof(cell("test", "test", 403))}, OPEN),
        ({"rbac": rbac()}, OPEN),
    ],
)
def test_one_pair_is_enough_to_deny_isolation(texts: dict[str, str], verdict: str) -> None:
    """Whichever of the two ways shows it; what is undecided is not isolation."""
    assert made(**texts).verdict == verdict


def test_a_namespace_that_cannot_read_its_own_secrets_is_kept_apart_all_the_same() -> None:
    """By the documents, as `evaluate` says; it may need none. A cloud that refused the owner has shown nothing."""
    silent = evaluation(role_policy("prod", policy("*", effect="Deny"), "none"))
    assert made(evaluation=silent).verdict == ISOLATED
    assert [each.what for each in made(evaluation=silent).findings] == [
        "no document lets namespace prod read its own secrets on aws"
    ]


def test_a_gap_that_prove_names_itself_is_not_isolation() -> None:
    """Such as a namespace of which it knows no name, so that no cell is wrong."""
    given = json.loads(proof())
    found = made(proof=json.dumps({**given, "isolated": False, "wrong": ["no name of shop is known"]}))
    assert found.verdict == OPEN
    assert [(each.severity, each.what) for each in found.findings] == [("warning", "no name of shop is known")]


def test_what_was_found_by_each_command_is_there_errors_first() -> None:
    found = made(
        evaluation=evaluation(WIDENED), proof=proof(cell("test", "prod", 500)), rbac=rbac(), preflight=preflight()
    )
    assert [(each.severity, each.source) for each in found.findings] == [
        ("error", "evaluate"),
        ("error", "preflight"),
        ("warning", "prove"),
        ("warning", "rbac"),
    ]
    assert "namespace test can use prod/a (of namespace prod) on aws" in found.findings[0].what


@pytest.mark.parametrize("kind", COMMANDS)
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"clouds": 1, "cells": {}, "ways": 1, "checks": ""}'])
def test_what_is_no_answer_is_refused_with_the_command_that_prints_one(kind: str, text: str) -> None:
    with pytest.raises(DocumentError, match=COMMANDS[kind]):
        answer(kind, text.encode())


@pytest.mark.parametrize(
    ("kind", "text", "missing"),
    [
        ("evaluation", {"clouds": [{"cloud": "aws"}]}, "namespaces, judged, breaches"),
        (
            "evaluation",
            {"clouds": [{**json.loads(evaluation())["clouds"][0], "breaches": [{"name": "a"}]}]},
            "namespace, owner, identity, statements",
        ),
        ("proof", {"cells": [{"vault": "aws"}]}, "from, name, expected"),
        ("rbac", {"ways": ["create pods"]}, "is no object, given 'create pods'"),
        ("rbac", {"ways": [{}]}, "subject, namespace"),
        ("preflight", {"checks": [{"id": "issuer"}]}, "severity, what, found"),
    ],
)
def test_an_answer_that_lacks_something_is_refused_with_what_it_lacks(kind: str, text: object, missing: str) -> None:
    with pytest.raises(DocumentError, match=missing):
        answer(kind, json.dumps(text).encode())


def hostile() -> Report:
    """A report in which every text that a cluster or a cloud controls tries to be markup."""
    given = json.loads(evaluation(WIDENED, resource("aws:iam/role:Role", HOSTILE, policy=HOSTILE)))
    given["clouds"][0]["undecided"] = [HOSTILE]
    given["clouds"][0]["breaches"][0]["statements"] = [HOSTILE]
    asked = proof(cell("test", HOSTILE, 500, detail=HOSTILE, request_id=HOSTILE))
    way, check = json.loads(rbac()), json.loads(preflight())
    way["ways"][0] = dict.fromkeys(way["ways"][0], HOSTILE)
    check["checks"][0].update(found=HOSTILE, mend=HOSTILE)
    return report(
        answers(evaluation=json.dumps(given), proof=asked, rbac=json.dumps(way), preflight=json.dumps(check)),
        HOSTILE,
        NOW,
    )


class Tags(HTMLParser):
    """The elements of a page, and addresses in their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def test_no_text_of_others_becomes_markup() -> None:
    """Names, reasons, documents and the cloud's messages are text, in the page, its data and the Markdown."""
    page = as_html(hostile())
    tags = Tags(page)
    assert tags.tags.count("script") == 2
    assert "b" not in tags.tags
    data = page.partition('id="data">')[2].partition("</script>")[0]
    assert "<" not in data
    assert json.loads(data)["clouds"][0]["cloud"] == "aws"
    assert HOSTILE not in as_markdown(hostile())
    assert "<b>" not in as_markdown(hostile())
    assert "![x](" not in as_markdown(hostile())


def test_names_cannot_write_on_the_terminal() -> None:
    """A cursor that is moved, or a line of its own, would look like the verdict."""
    name = "x\x1b[2K\r\nISOLATED\u202e"
    way = json.loads(rbac())
    way["ways"][0] = dict.fromkeys(way["ways"][0], name)
    asked = proof(cell("test", name, 500, detail=name, vault=name, decided_by=name))
    found = report(answers(evaluation=evaluation(), proof=asked, rbac=json.dumps(way)), name, NOW)
    shown = click.unstyle(as_text(found))
    assert not [line for line in shown.splitlines() if line.startswith("ISOLATED")]
    assert all(each.isprintable() or each == "\n" for each in shown)
    assert "\x1b" not in as_markdown(found)


def test_the_page_runs_its_own_program_alone() -> None:
    """Its policy names the program and the style by their hashes."""
    page = as_html(hostile())
    policy = page.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]
    assert "unsafe" not in policy
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        text = page.rpartition(f"<{element}>")[2].partition(f"</{element}>")[0]
        expected = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{expected}'" in policy


def test_the_matrix_is_a_table_too() -> None:
    """For screen readers, printers, and browsers without JavaScript; of many namespaces there is the JSON."""
    page = as_html(made(evaluation=evaluation(WIDENED)))
    table = page.partition("<caption>")[2].partition("</table>")[0]
    assert [each.strip() for each in re.findall("<tr><th scope=.row.>.*</tr>", table)] == [
        '<tr><th scope="row">test</th><td>own</td><td>breach</td></tr>',
        '<tr><th scope="row">prod</th><td>apart</td><td>own</td></tr>',
    ]
    many = tuple(f"team-{number}" for number in range(WIDEST + 1))
    assert "<caption>" not in as_html(made(evaluation=evaluation(names=many)))


def test_the_page_names_no_other_server() -> None:
    """Its policy forbids the browser any request, and no element asks for one."""
    page = as_html(made(evaluation=evaluation(WIDENED), rbac=rbac(), preflight=preflight()))
    assert "default-src 'none'" in page
    assert all(address.startswith(("#", "data:")) for address in Tags(page).addresses)


def test_the_documents_are_readable_in_the_page() -> None:
    """A policy that is text in a resource is shown as an object, in lines."""
    page = as_html(made(evaluation=evaluation()))
    assert "&#34;Sid&#34;: &#34;OneServiceAccount&#34;" in page


def test_markdown_has_the_matrix_and_what_was_found() -> None:
    text = as_markdown(made(evaluation=evaluation(WIDENED)))
    assert "| test | own | **breach** |" in text
    assert "| error | evaluate | namespace test can use prod/a (of namespace prod) on aws |" in text


def test_a_terminal_shows_the_matrix_of_few_namespaces_and_counts_many() -> None:
    few = click.unstyle(as_text(made(evaluation=evaluation(WIDENED))))
    assert few.startswith("NOT ISOLATED  test:")
    assert "test    1 o X" in few
    many = tuple(f"team-{number}" for number in range(WIDEST + 1))
    assert f"{WIDEST + 1} namespaces, 0 with something to look at" in as_text(made(evaluation=evaluation(names=many)))


def test_a_cluster_that_was_not_scanned_is_not_shown_as_one_without_a_way() -> None:
    """Nothing found and not looked at are two answers."""
    scanned = json.dumps({**json.loads(rbac()), "ways": []})
    assert "The cluster was not scanned" in as_html(made(evaluation=evaluation()))
    said = "RBAC leaves no way to 2 identities open but to 1 expected subject."
    for form in (as_html, as_markdown, as_text):
        assert said in form(made(evaluation=evaluation(), rbac=scanned))
        assert said not in form(made(evaluation=evaluation()))


def test_a_way_to_every_identity_is_said_in_words() -> None:
    """The scan writes `*` for it."""
    given = json.loads(rbac())
    given["ways"][0]["namespace"] = "*"
    found = made(evaluation=evaluation(), rbac=json.dumps(given))
    assert "<td>every namespace</td>" in as_html(found)
    assert "User jane can obtain the identity of every namespace: create pods" in as_markdown(found)


def test_what_no_command_sees_is_said_in_every_form() -> None:
    """Of each cloud's documents, and of the cluster."""
    found = made(evaluation=evaluation(), rbac=rbac())
    for text in (as_text(found), as_markdown(found), as_html(found)):
        assert "resource policies of secrets and keys" in text
        assert re.search(r"the cluster: nodes", text)
