"""What counts as a refusal by the cloud, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_access.probe.matrix import (
    DENIAL_CODES,
    DENIED,
    GIVES_REQUEST_IDS,
    READ,
    REFUSED,
    Answer,
    Cell,
    Question,
    breaches,
    judge,
    table,
    wrong,
)

VAULTS = sorted(DENIAL_CODES)
CODE = {vault: min(codes) for vault, codes in DENIAL_CODES.items()}


def foreign(vault: str = "aws", name: str = "prod/a") -> Question:
    return Question(vault, "test", name, REFUSED)


def own(vault: str = "aws", name: str = "prod/a") -> Question:
    return Question(vault, "prod", name, READ)


def refusal(vault: str = "aws", **other: str | int | None) -> Answer:
    said = {"status": 403, "type": DENIED, "backend": vault, "code": CODE[vault], "request_id": "r-1", **other}
    return Answer(**said)  # type: ignore[arg-type]  # any part of an answer


@pytest.mark.parametrize("vault", VAULTS)
def test_the_vaults_own_denial_is_a_refusal(vault: str) -> None:
    """In each code that means a lack of rights; with the request's id where the vault gives one."""
    for code in DENIAL_CODES[vault]:
        assert judge(foreign(vault), refusal(vault, code=code)).right
    assert judge(foreign(vault), refusal(vault, request_id=None)).right == (vault not in GIVES_REQUEST_IDS)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(None, detail="time-out"), id="no answer"),
        pytest.param(refusal(status=404, type="urn:secret-access:problem:not-found"), id="a 404"),
        pytest.param(refusal(status=404), id="a 404 with a denial's words"),
        pytest.param(refusal(status=500), id="a 500"),
        pytest.param(refusal(status=503, type="urn:secret-access:problem:identity-unavailable"), id="no identity"),
        pytest.param(refusal(status=504, code=""), id="a time-out of the vault"),
        pytest.param(refusal(type="about:blank"), id="a 403 of something else"),
        pytest.param(refusal(type=""), id="a 403 without a problem document"),
        pytest.param(refusal(code=""), id="a 403 without a code"),
        pytest.param(refusal(code="PERMISSION_DENIED"), id="another vault's code"),
        pytest.param(refusal(backend="gcp"), id="another vault's answer"),
        pytest.param(refusal(request_id=None), id="a 403 without the request's id"),
        pytest.param(Answer(401), id="the sidecar wants a token"),
        pytest.param(Answer(421), id="the sidecar takes no such request"),
        pytest.param(Answer(200), id="the secret"),
    ],
)
def test_nothing_else_is_a_refusal(answer: Answer) -> None:
    """Beside an owner that reads, each of these leaves the matrix wrong."""
    cells = [judge(own(), Answer(200)), judge(foreign(), answer)]
    assert not cells[1].right
    assert len(wrong(cells)) == 1
    assert bool(breaches(cells)) == (answer.status == READ)


@pytest.mark.parametrize(
    ("vault", "code"),
    [
        ("azure", "ForbiddenByFirewall"),
        ("azure", "ForbiddenByConnection"),
        ("gcp", "SECURITY_POLICY_VIOLATED"),
        ("gcp", "SERVICE_DISABLED"),
    ],
)
def test_a_refusal_of_whoever_asks_is_none(vault: str, code: str) -> None:
    """Key Vault's firewall, a perimeter of Google Cloud, an API that is switched off."""
    assert not judge(foreign(vault), refusal(vault, code=code)).right


STATUSES = st.sampled_from([None, 200, 304, 400, 401, 403, 404, 410, 421, 429, 500, 502, 503, 504])
ANSWERS = st.builds(
    Answer,
    status=STATUSES,
    type=st.sampled_from(["", DENIED, "about:blank"]),
    backend=st.sampled_from(["", *VAULTS]),
    code=st.sampled_from(
        ["", "other", "ForbiddenByFirewall", *(code for codes in DENIAL_CODES.values() for code in codes)]
    ),
    request_id=st.sampled_from([None, "r-1"]),
)


@given(vault=st.sampled_from(VAULTS), answer=ANSWERS)
def test_a_foreign_cell_is_right_only_for_a_denial_in_the_vaults_own_words(vault: str, answer: Answer) -> None:
    """Of all answers that there can be."""
    is_denial = (
        (answer.status, answer.type, answer.backend) == (403, DENIED, vault)
        and answer.code in DENIAL_CODES[vault]
        and (answer.request_id is not None or vault in {"gcp", "vault"})
    )
    assert judge(foreign(vault), answer).right == is_denial
    assert judge(own(vault), answer).right == (answer.status == 200)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["a", "b"]), ANSWERS), max_size=6))
def test_isolated_means_that_every_refused_secret_was_read_by_its_owner(
    asked: list[tuple[bool, str, Answer]],
) -> None:
    """And that no cell is anything but a read by the owner or a refusal by the vault."""
    cells = [judge(own(name=name) if is_own else foreign(name=name), answer) for is_own, name, answer in asked]
    read = {cell.question.name for cell in cells if cell.question.expected == READ and cell.status == READ}
    proven = bool(cells) and all(cell.right and cell.question.name in read for cell in cells)
    assert (wrong(cells) == []) == proven


def test_a_refusal_counts_only_if_the_owner_read_the_same_secret() -> None:
    """In the same vault and place: of one name there may be two secrets."""
    refused = judge(foreign(), refusal())
    elsewhere = Cell(Question("aws", "prod", "prod/a", READ, place="us-east-1"), 200, "aws", "")
    for cells in ([refused], [refused, elsewhere], [refused, judge(own("gcp"), Answer(200))]):
        (found,) = wrong(cells)
        assert found.endswith("refused, but its owner could not read it either, so that proves nothing")
    assert wrong([refused, judge(own(), Answer(200))]) == []


def test_no_answer_is_shown_as_such() -> None:
    """There is no status to show."""
    cell = judge(foreign(), Answer(None, detail="it is not scheduled"))
    assert table([cell]).splitlines()[1] == "test        no answer, expected 403"
    assert wrong([cell])[0].startswith("test asking for prod/a: no answer decided by nobody, expected 403")


def identity(account: str) -> str:
    return f"arn:aws:sts::{account}:assumed-role/role/session"


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_refusal_in_another_account_is_none(elsewhere: bool) -> None:
    """A name means the secret of the asker's own account: nobody asked for the other's."""
    account = "2" * 12 if elsewhere else "1" * 12
    cells = [
        judge(own(), Answer(200)),
        judge(Question("aws", "prod", "test/a", REFUSED), refusal(identity=identity("1" * 12))),
        judge(Question("aws", "test", "test/a", READ), Answer(200)),
        judge(foreign(), refusal(identity=identity(account))),
    ]
    found = wrong(cells)
    assert len(found) == (2 if elsewhere else 0)
    if elsewhere:
        assert found[1] == (
            "test asking for prod/a: refused in the account 222222222222, and its owner's is 111111111111, so that "
            "proves nothing; ask each account's alone, with --namespace"
        )


def test_of_two_service_accounts_the_table_shows_the_one_that_is_not_refused() -> None:
    """A namespace is a row, and a breach by one of its ServiceAccounts is a breach."""
    cells = [judge(own(), Answer(200)), judge(foreign(), refusal()), judge(foreign(), Answer(200))]
    for order in (cells, cells[::-1]):
        assert "200 by aws, expected 403" in table(order)
