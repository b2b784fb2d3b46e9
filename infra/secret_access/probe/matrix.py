"""The isolation matrix: who was asked for what, what was expected, and who decided. Pure.

A cell of another namespace's secret is right only if the cloud refused it, and an owner read the same secret in the
same run. A refusal of what does not exist, a time-out or an error of the sidecar proves nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

READ, REFUSED = 200, 403
"""HTTP statuses of the sidecar: the secret, and the cloud's refusal."""
DENIED = "urn:secret-access:problem:denied"
"""The type of the sidecar's problem document for a refusal by the cloud."""
DENIAL_CODES: Mapping[str, frozenset[str]] = {
    "aws": frozenset({"AccessDeniedException"}),
    "gcp": frozenset({"PERMISSION_DENIED"}),
    "azure": frozenset({"AccessDenied", "Forbidden", "ForbiddenByPolicy", "ForbiddenByRbac"}),
    "vault": frozenset({"permission denied"}),
}
"""What each vault says to an identity that lacks the right. Not Azure's ForbiddenByFirewall and
ForbiddenByConnection, nor Google's SECURITY_POLICY_VIOLATED and SERVICE_DISABLED: these refuse whoever asks."""
GIVES_REQUEST_IDS = frozenset({"aws", "azure"})
"""Vaults whose refusals have the id of the request; one without it came from something in between."""
ACCOUNT = re.compile(r"arn:[a-z-]+:(?:iam|sts)::([0-9]{12}):")
"""Where an AWS identity says its account."""
NOBODY, SIDECAR = "nobody", "sidecar"
"""Who decided where the vault did not: nobody answered; the sidecar, or something between it and the vault, did."""


@dataclass(frozen=True)
class Question:
    """A namespace asking a vault for a secret."""

    vault: str
    """The kind: `aws`, `gcp`, `azure` or `vault`."""
    asker: str
    """The namespace."""
    name: str
    """The secret's full name."""
    expected: int
    """`READ` for the namespace's own secrets, `REFUSED` for every other's."""
    asked_by: str = ""
    """The pod and container that asked."""
    place: str = ""
    """Which vault of the kind: two of one name in two places are two secrets."""


@dataclass(frozen=True)
class Answer:
    """What the sidecar answered: never a value."""

    status: int | None
    """The HTTP status. None: there was no answer."""
    type: str = ""
    """The type of the problem document; this and the rest are empty where there was none."""
    backend: str = ""
    code: str = ""
    detail: str = ""
    identity: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Cell:
    """A question, the status of its answer, and who decided it."""

    question: Question
    status: int | None
    decided_by: str
    """The vault; `SIDECAR` or `NOBODY` where the vault did not decide."""
    detail: str
    identity: str | None = None
    request_id: str | None = None

    @property
    def right(self) -> bool:
        """Whether the answer is the expected one, decided by the vault."""
        return self.status == self.question.expected and self.decided_by == self.question.vault

    @property
    def is_breach(self) -> bool:
        """Whether a namespace read a secret that is not its own, whoever served it."""
        return self.question.expected == REFUSED and self.status == READ

    @property
    def secret(self) -> tuple[str, str, str]:
        """Which secret was asked for: the vault, the place and the name."""
        return self.question.vault, self.question.place, self.question.name

    def as_json(self) -> dict[str, Any]:
        """Return the cell as `isolation.json` and `secret-access prove --json` have it."""
        return {
            "vault": self.question.vault,
            "from": self.question.asker,
            "name": self.question.name,
            "expected": self.question.expected,
            "status": self.status,
            "decided_by": self.decided_by,
            "asked_by": self.question.asked_by,
            "detail": self.detail,
            "identity": self.identity,
            "request_id": self.request_id,
            "place": self.question.place,
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "Cell":
        """Return the cell that `as_json` wrote; what it may lack is empty."""
        question = Question(
            vault=given["vault"],
            asker=given["from"],
            name=given["name"],
            expected=given["expected"],
            asked_by=given.get("asked_by") or "",
            place=given.get("place") or "",
        )
        status, decided_by, detail = given["status"], given["decided_by"], given.get("detail") or ""
        return cls(question, status, decided_by, detail, given.get("identity"), given.get("request_id"))


def judge(question: Question, answer: Answer) -> Cell:
    """Tell from the sidecar's answer who decided it.

    The vault did if the secret was read, or if the problem document has the vault's own code and request id. A refusal
    has to have a code that means a lack of rights, too.
    """
    if answer.status is None:
        return Cell(question, None, NOBODY, answer.detail or "no answer")
    by_vault = answer.status == READ or _is_by_vault(question.vault, answer)
    detail = answer.detail or ("read" if answer.status == READ else "no reason given")
    decided_by = question.vault if by_vault else SIDECAR
    return Cell(question, answer.status, decided_by, detail, answer.identity, answer.request_id)


def _is_by_vault(vault: str, answer: Answer) -> bool:
    if answer.backend != vault or not answer.code or (vault in GIVES_REQUEST_IDS and not answer.request_id):
        return False
    if answer.status == REFUSED:
        return answer.type == DENIED and answer.code in DENIAL_CODES.get(vault, ())
    return True


def wrong(cells: Sequence[Cell]) -> list[str]:
    """Return what is not as expected, in words, and breaches first; empty if isolation is proven."""
    found = sorted(faults(cells), key=lambda each: not each[0].is_breach)
    return [text for _, text in found] if cells else ["nothing was asked"]


def faults(cells: Sequence[Cell]) -> Iterator[tuple[Cell, str]]:
    """Yield each cell that is not as expected or proves nothing, with what is wrong in words."""
    read_by_owner = _read_by_owners(cells)
    accounts = _accounts(cells)
    for cell in cells:
        asked = f"{cell.question.asker} asking for {cell.question.name}"
        if not cell.right:
            given = f"{cell.status or 'no answer'} decided by {cell.decided_by}"
            expected = f"{cell.question.expected} decided by {cell.question.vault}"
            yield cell, f"{asked}: {given}, expected {expected} ({cell.detail})"
        elif cell.secret not in read_by_owner:
            yield cell, f"{asked}: refused, but its owner could not read it either, so that proves nothing"
        elif elsewhere := _elsewhere(cell, read_by_owner[cell.secret], accounts):
            yield (
                cell,
                f"{asked}: refused {elsewhere}, so that proves nothing; ask each account's alone, with --namespace",
            )


def _elsewhere(cell: Cell, owners: Iterable[str], accounts: Mapping[str, set[str]]) -> str:
    """Return, where the cell was refused in another AWS account than its owners', in which; a name is one account's."""
    own = {account for owner in owners for account in accounts.get(owner, ())}
    asked_in = _account(cell)
    if cell.question.expected != REFUSED or not asked_in or not own or asked_in in own:
        return ""
    return f"in the account {asked_in}, and its owner's is {' and '.join(sorted(own))}"


def _accounts(cells: Iterable[Cell]) -> dict[str, set[str]]:
    """Return in which AWS accounts the identities of each namespace are, as far as their refusals say."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        if account := _account(cell):
            found.setdefault(cell.question.asker, set()).add(account)
    return found


def _account(cell: Cell) -> str:
    found = ACCOUNT.match(cell.identity or "") if cell.question.vault == "aws" else None
    return found[1] if found else ""


def breaches(cells: Iterable[Cell]) -> list[Cell]:
    """Return the cells in which a namespace read what is not its own."""
    return [cell for cell in cells if cell.is_breach]


def _read_by_owners(cells: Iterable[Cell]) -> dict[tuple[str, str, str], set[str]]:
    """Return by which of its owners each secret was read."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for cell in cells:
        if cell.question.expected == READ and cell.right:
            found.setdefault(cell.secret, set()).add(cell.question.asker)
    return found


def table(cells: Sequence[Cell]) -> str:
    """Return the matrix for a terminal.

    Of one vault: a row for each asking namespace, a column for each secret. Of several: a row for each question, and a
    column for each vault that was asked it.
    """
    by_vault = len({cell.question.vault for cell in cells}) > 1
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for cell in cells:
        asked = cell.question
        row, column = ((asked.asker, asked.name), asked.vault) if by_vault else ((asked.asker,), asked.name)
        shown = rows.setdefault(row, {})
        if column not in shown or not cell.right:  # of several ServiceAccounts the one that is not as expected
            shown[column] = _show(cell)
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = [["asked from", *(["for"] if by_vault else []), *columns]]
    lines += [[*asked_for, *(row.get(column, "-") for column in columns)] for asked_for, row in rows.items()]
    widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _show(cell: Cell) -> str:
    shown = f"{cell.status} by {cell.decided_by}" if cell.status else "no answer"
    return shown if cell.right else f"{shown}, expected {cell.question.expected}"
