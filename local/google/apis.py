"""Google's APIs on one server: each request goes to the API whose path it has."""

from __future__ import annotations

import re

from local.google import secret_manager, tokens
from local.google.errors import RefusedError
from local.google.project import NUMBER, PROJECT, Project
from local.http_service import Reply, Request

_IMPERSONATION = re.compile(r"/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken")
_SECRETS = re.compile(rf"/v1/projects/(?:{PROJECT}|{NUMBER})/secrets(?:/(.+))?")


def answer(project: Project, request: Request) -> Reply:
    """Answer a request for any of the services."""
    try:
        if request.path == "/v1/token":
            return tokens.exchange(project, request.form)
        if match := _IMPERSONATION.fullmatch(request.path):
            return tokens.impersonate(project, match[1], request)
        if match := _SECRETS.fullmatch(request.path):
            return secret_manager.answer(project, match[1] or "", request)
    except RefusedError as refused:
        return refused.reply
    return Reply(b"<html>Not Found</html>", 404, content_type="text/html")
