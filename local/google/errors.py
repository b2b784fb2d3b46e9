"""How Google Cloud refuses: a google.rpc.Status as its REST APIs write it.

https://cloud.google.com/apis/design/errors
"""

from __future__ import annotations

from local.http_service import Reply

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
}


class RefusedError(Exception):
    """A google.rpc.Status."""

    def __init__(self, http: int, message: str, status: str | None = None, reason: str | None = None) -> None:
        super().__init__(message)
        self.http = http
        self.status = status or STATUSES[http]
        error = {"code": http, "message": message, "status": self.status}
        if reason:
            detail = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "iam.googleapis.com",
            }
            error |= {"details": [detail]}
        self.reply = Reply({"error": error}, http)
