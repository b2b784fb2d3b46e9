"""The isolation matrix: what counts as proof, and what does not."""

import json
from dataclasses import replace
from typing import Any

import pytest

from local.aws.cloud import AWS
from local.isolation import Cell, Question, judge, table, write, wrong
from local.trail import Call

PROD_SECRET = "prod/database-password"
VALUE = "the-value"
ROLES = "arn:aws:sts::111122223333:assumed-role/"
TEST_ROLE, PROD_ROLE = f"{ROLES}test/test.app-1", f"{ROLES}prod/prod.app-1"


def call(
    status: int, code: str = "", request_id: str = "r-1", name: str = PROD_SECRET, identity: str = TEST_ROLE
) -> Call:
    return Call(
        time="2026-01-01T00:00:00Z",
        request_id=request_id,
        client="10.77.0.2",
        action=AWS.read,
        identity=identity,
        name=name,
        status=status,
        code=code,
    )


def problem(status: int, code: str = "AccessDeniedException", request_id: str = "r-1") -> dict[str, Any]:
    kind = "denied" if status == 403 else "other"
    body = {"type": f"urn:secret-access:problem:{kind}", "status": status, "detail": "refused"}
    body |= {"backend": "aws", "code": code, "request_id": request_id}
    return {"status": status, "content_type": "application/problem+json", "body": body}


def served(value: str = VALUE) -> dict[str, Any]:
    return {"status": 200, "content_type": "application/json", "body": {"name": PROD_SECRET, "value": value}}


FOREIGN = Question(AWS, "test", "test/", PROD_SECRET, "app-1")
OWN = Question(AWS, "prod", "prod/", PROD_SECRET, "app-1")
DENIED = call(400, "AccessDeniedException")
READ = call(200, identity=PROD_ROLE)
FOREIGN_READ = call(200)


def test_a_refusal_that_the_cloud_logged_is_right() -> None:
    """A 403 whose request the cloud's trail shows as denied was decided by the cloud."""
    cell = judge(FOREIGN, problem(403), [DENIED], VALUE)
    assert cell.right
    assert cell.decided_by == "aws"


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        pytest.param(problem(403), [], id="a 403 that the cloud knows nothing of"),
        pytest.param(problem(403, request_id="r-2"), [DENIED], id="a 403 with another request's id"),
        pytest.param(problem(403), [call(200)], id="a 403 where the cloud said yes"),
        pytest.param(problem(404, "ResourceNotFoundException"), [call(400, "ResourceNotFoundException")], id="a 404"),
        pytest.param(problem(503), [DENIED], id="a 503"),
        pytest.param({"status": 500, "content_type": "text/plain", "body": "oops"}, [DENIED], id="no problem document"),
        pytest.param(served(), [FOREIGN_READ], id="the secret"),
        pytest.param(problem(403), [call(400, "AccessDeniedException", identity=PROD_ROLE)], id="another's refusal"),
    ],
)
def test_nothing_else_proves_a_refusal(answer: dict[str, Any], calls: list[Call]) -> None:
    """A foreign cell is right only as a 403 by the cloud's own decision."""
    assert not judge(FOREIGN, answer, calls, VALUE).right


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        pytest.param(served(), [], id="a value that the cloud was not asked for"),
        pytest.param(served(), [call(200, name="prod/other", identity=PROD_ROLE)], id="a read of another secret"),
        pytest.param(served(), [FOREIGN_READ], id="a read by another namespace's pod"),
        pytest.param(served("another"), [READ], id="a value that is not the vault's"),
    ],
)
def test_an_owner_reads_the_vaults_value_from_the_vault(answer: dict[str, Any], calls: list[Call]) -> None:
    """An own cell is right only with the stored value, read from the cloud while it was asked for."""
    assert judge(OWN, served(), [READ], VALUE).right
    assert not judge(OWN, answer, calls, VALUE).right


def test_a_namespaces_own_secrets_are_those_of_its_prefix() -> None:
    """Which need not be its name."""
    billing = Question(AWS, "billing-test", "billing/test/", "billing/test/api-key", "app-1")
    assert billing.in_matrix.expected == 200
    assert Question(AWS, "billing", "accounts/", "billing/test/api-key", "app-1").in_matrix.expected == 403


def test_a_session_whose_name_was_cut_is_the_pods_own() -> None:
    """IAM takes 64 characters; the sidecar cuts the namespace's end and the pod's beginning."""
    namespace, pod = "customer-payments-reconciliation-eu", "reconciliation-worker-6d5f7c9b8d-x2x4z"
    question = Question(AWS, namespace, f"{namespace}/", f"{namespace}/api-key", pod)
    read = call(200, name=question.name, identity=f"{ROLES}payments/{namespace}.{pod[-28:]}")
    assert judge(question, served(), [read], VALUE).right
    another = call(200, name=question.name, identity=f"{ROLES}payments/{namespace}.{'y' + pod[-27:-1] + 'y'}")
    assert not judge(question, served(), [another], VALUE).right


def test_a_refusal_counts_only_if_the_owner_could_read() -> None:
    """A secret that nobody can read shows no isolation."""
    refused = judge(FOREIGN, problem(403), [DENIED], VALUE)
    read = judge(OWN, served(), [READ], VALUE)
    unread = judge(OWN, problem(404, "ResourceNotFoundException"), [], VALUE)
    assert wrong([refused, read]) == []
    assert len(wrong([refused])) == 1
    assert len(wrong([refused, unread])) == 2


def test_a_widened_policy_is_named() -> None:
    """The message says who read what, and what was expected."""
    cells = [judge(FOREIGN, served(), [FOREIGN_READ], VALUE), judge(OWN, served(), [READ], VALUE)]
    assert wrong(cells) == [
        f"test asking for {PROD_SECRET}: 200 decided by aws, expected 403 decided by aws (read as {TEST_ROLE})"
    ]
    assert "200 by aws, expected 403" in table(cells)


def test_nothing_asked_proves_nothing() -> None:
    """An empty matrix is not a success."""
    assert wrong([]) == ["nothing was asked"]


def test_the_file_has_every_field_and_no_value(tmp_path: Any) -> None:
    """isolation.json leads from each cell to the line of the trail that shows it, and never has the secret."""
    path = tmp_path / "isolation.json"
    write([judge(OWN, served(), [READ], VALUE), judge(FOREIGN, problem(403), [DENIED], VALUE)], path)
    assert VALUE not in path.read_text()
    read, refused = json.loads(path.read_text())
    assert list(read) == list(refused)
    assert list(read)[:8] == ["vault", "from", "name", "expected", "status", "decided_by", "asked_by", "detail"]
    assert (read["identity"], read["request_id"]) == (PROD_ROLE, READ.request_id)
    assert (refused["identity"], refused["request_id"]) == (TEST_ROLE, DENIED.request_id)


def test_what_the_cloud_knows_nothing_of_leads_nowhere(tmp_path: Any) -> None:
    """Without a line in the trail there is no request to look for."""
    write([judge(FOREIGN, problem(403), [], VALUE)], path := tmp_path / "isolation.json")
    (cell,) = json.loads(path.read_text())
    assert (cell["identity"], cell["request_id"]) == (None, None)


def test_several_vaults_have_a_column_each() -> None:
    """A row for each question; a secret that one vault lacks leaves its place empty."""
    other = replace(AWS, name="other")
    cells = [
        Cell(Question(cloud, asker, f"{asker}/", name, "app-1").in_matrix, status, cloud.name, "")
        for cloud in (AWS, other)
        for asker, name, status in (("test", PROD_SECRET, 403), ("prod", PROD_SECRET, 200), ("prod", "prod/new", 200))
        if (cloud, name) != (other, "prod/new")
    ]
    assert table(cells).splitlines() == [
        "asked from  for                     aws         other",
        "test        prod/database-password  403 by aws  403 by other",
        "prod        prod/database-password  200 by aws  200 by other",
        "prod        prod/new                200 by aws  -",
    ]


def test_a_refusal_counts_only_if_the_owner_read_in_the_same_vault() -> None:
    """Another vault's secret of the same name is another secret."""
    other = replace(AWS, name="other")
    refused = judge(FOREIGN, problem(403), [DENIED], VALUE)
    read = Cell(replace(OWN, cloud=other).in_matrix, 200, "other", "")
    (found,) = wrong([refused, read])
    assert found.endswith("refused, but its owner could not read it either, so that proves nothing")
