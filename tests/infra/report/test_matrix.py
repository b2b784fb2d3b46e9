"""Who can use whose secrets, from the documents and from the cloud's answers."""

import json

from hypothesis import given
from hypothesis import strategies as st

from secret_access.proof.evaluation import evaluate
from secret_access.proof.rendering import as_json
from secret_access.report.matrix import APART, BREACH, OWN, UNDECIDED, UNKNOWN, UNREAD, WORST, Matrix, matrices
from tests.infra.proof.documents import namespaces, policy, role_policy
from tests.infra.report.answers import NOW, WIDENED, answers, cell, evaluation, proof


def one(**texts: str) -> Matrix:
    (matrix,) = matrices(answers(**texts))
    return matrix


def test_isolated_documents_keep_every_pair_apart() -> None:
    """The diagonal is each namespace's own."""
    matrix = one(evaluation=evaluation())
    assert (matrix.cloud, list(matrix.prefixes), matrix.after) == ("aws", ["test", "prod"], None)
    assert matrix.before == matrix.shown == [OWN + APART, APART + OWN]


def test_a_breach_in_the_documents_is_at_its_pair_with_the_statements() -> None:
    matrix = one(evaluation=evaluation(WIDENED))
    assert matrix.shown == [OWN + BREACH, APART + OWN]
    lines = matrix.reasons["test", "prod"]
    assert "can use prod/a (of namespace prod)" in lines
    assert any("statement Added" in line for line in lines)


def test_a_breach_of_no_namespaces_names_has_a_column_of_its_own() -> None:
    wide = role_policy("test", policy("arn:aws:secretsmanager:us-east-1:111122223333:secret:staging/*"), "more")
    matrix = one(evaluation=evaluation(wide))
    assert matrix.columns == ["test", "prod", "(elsewhere)"]
    assert matrix.shown == [OWN + APART + BREACH, APART + OWN + APART]


def test_documents_that_could_not_be_judged_leave_every_pair_undecided() -> None:
    """Whom such a document would let in is not known."""
    given = json.loads(evaluation())
    given["clouds"][0]["undecided"] = ["a policy that is known after the update"]
    matrix = one(evaluation=json.dumps(given))
    assert matrix.shown == [OWN + UNDECIDED, UNDECIDED + OWN]


def test_the_clouds_answer_is_beside_the_documents_and_the_worse_is_shown() -> None:
    """The documents kept them apart and the cloud did not."""
    matrix = one(evaluation=evaluation(), proof=proof(cell("test", "prod", 200)))
    assert matrix.before == [OWN + APART, APART + OWN]
    assert matrix.after == matrix.shown == [OWN + BREACH, APART + OWN]
    assert matrix.reasons["test", "prod"][0] == "asked for prod/db: 200 by aws, request 83fbb4d9"


def test_what_is_no_refusal_by_the_cloud_is_not_decided() -> None:
    """A 404, a 500, a time-out, and the sidecar's own refusal prove nothing."""
    for wrong in (cell("test", "prod", 404), cell("test", "prod", 500), cell("test", "prod", decided_by="sidecar")):
        assert one(proof=proof(wrong)).shown == [OWN + UNDECIDED, APART + OWN]


def test_a_refusal_of_what_its_owner_could_not_read_proves_nothing() -> None:
    """The owner is shown, and who was refused the same secret is undecided."""
    matrix = one(proof=proof(cell("test", "test", 403)))
    assert matrix.shown == [UNREAD + APART, UNDECIDED + OWN]
    assert any("proves nothing" in line for line in matrix.reasons["prod", "test"])


def test_what_did_not_answer_is_said_so() -> None:
    silent = {**cell("test", "prod"), "status": None, "decided_by": "nobody"}
    matrix = one(proof=proof(silent))
    assert matrix.shown == [OWN + UNDECIDED, APART + OWN]
    assert matrix.reasons["test", "prod"][0].startswith("asked for prod/db: no answer")


def test_of_several_names_the_worst_answer_is_the_pairs() -> None:
    more = [cell("test", "prod", 200, name="prod/other"), cell("prod", "prod", name="prod/other")]
    assert one(proof=proof(*more)).shown == [OWN + BREACH, APART + OWN]


def test_a_pair_that_was_not_asked_is_not_judged() -> None:
    cells = json.dumps({"cells": [cell("test", "test"), cell("prod", "prod")]})
    assert one(proof=cells).shown == [OWN + UNKNOWN, UNKNOWN + OWN]


def test_each_cloud_has_a_matrix_also_where_it_was_only_asked() -> None:
    asked = json.dumps({"cells": [cell("test", "test", vault="vault", decided_by="vault")]})
    assert [each.cloud for each in matrices(answers(evaluation=evaluation(), proof=asked))] == ["aws", "vault"]


@given(st.permutations(["test", "prod", "shop"]), st.sampled_from([200, 403, 404, 500]))
def test_the_order_of_the_answers_does_not_matter(names: list[str], status: int) -> None:
    wrong = cell("test", "shop", status)
    matrix = one(evaluation=evaluation(names=("test", "prod", "shop")), proof=proof(wrong, names=tuple(names)))
    assert matrix.shown[0][2] == {200: BREACH, 403: APART}.get(status, UNDECIDED)
    assert [matrix.shown[row][row] for row in range(3)] == [OWN] * 3


def test_every_state_has_its_place_among_the_worst() -> None:
    assert sorted(WORST) == sorted([OWN, APART, BREACH, UNDECIDED, UNREAD, UNKNOWN])


def test_a_breach_by_a_namespace_that_nobody_declared_has_a_row_of_its_own() -> None:
    """Such as one that a pattern in a trust lets in."""
    evaluated = json.loads(evaluation(WIDENED))
    (breach,) = evaluated["clouds"][0]["breaches"]
    breach["namespace"] = "shop"
    matrix = one(evaluation=json.dumps(evaluated))
    assert (list(matrix.prefixes), matrix.columns) == (["test", "prod", "shop"], ["test", "prod", "shop"])
    assert matrix.shown[2] == UNKNOWN + BREACH + UNKNOWN


def test_a_namespace_of_which_the_documents_have_a_prefix_alone_has_no_row() -> None:
    """Nothing says what it may use: it is not shown as kept apart."""
    made = [*namespaces("test", "prod"), WIDENED]
    told = {"shop": "shop/", "prod": "prod/"}
    given = json.dumps(as_json(evaluate(made, told, ()), made, NOW))
    assert set(one(evaluation=given).prefixes) == {"prod", "test"}
