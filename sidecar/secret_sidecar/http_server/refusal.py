"""What is answered to bytes that are no request, or more than one may send."""

from __future__ import annotations

import json
from http import HTTPStatus

from secret_sidecar import problems
from secret_sidecar.errors import BadRequest
from secret_sidecar.http_server.date import date_line


class Refusal(Exception):
    """The last thing that a connection answers: with 400, 408, 413, 414, 431 or 503."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = HTTPStatus(status)
        self.detail = detail

    @property
    def kind(self) -> str:
        """The problem's kind, by which it is counted."""
        return problems.kind_of(BadRequest()).slug if self.status == HTTPStatus.BAD_REQUEST else "about-blank"

    def answer(self, method: str | None) -> bytes:
        """Return the whole answer to a request, a problem document like every other; to HEAD without its body."""
        if self.status == HTTPStatus.BAD_REQUEST:
            document = problems.document(BadRequest(self.detail))
        else:
            members = {"title": self.status.phrase, "status": self.status.value, "detail": self.detail}
            document = {"type": "about:blank", **members}
        body = json.dumps(document).encode()
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            date_line().decode().rstrip(),
            f"content-type: {problems.MEDIA_TYPE}",
            f"content-length: {len(body)}",
            *(f"{name.lower()}: {value}" for name, value in problems.NO_STORE.items()),
            *(["retry-after: 1"] if self.status == 503 else []),
            "connection: close",
        ]
        head = "\r\n".join((*lines, "", "")).encode()
        return head if method == "HEAD" else head + body
