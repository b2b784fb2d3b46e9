"""Azure Resource Manager's refusals."""

from __future__ import annotations

from local.http_service import Reply


class Refused(Exception):
    """An error as Azure Resource Manager words it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = Reply({"error": {"code": code, "message": message}}, status)
