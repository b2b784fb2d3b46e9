"""Google's APIs on one server: each request goes to the API whose path it has."""

from __future__ import annotations

import re
from collections.abc import Callable

from local.google import (
    monitoring,
    pools,
    resource_manager,
    secret_manager,
    service_accounts,
    service_usage,
    tokens,
)
from local.google.errors import RefusedError
from local.google.project import NUMBER, PROJECT, Project
from local.http_service import Reply, Request

EXCHANGE = "/v1/token"
_THE_PROJECT = rf"/v1/projects/(?:{PROJECT}|{NUMBER})"
_ROUTES: tuple[tuple[str, Callable[[Project, Request, re.Match[str]], Reply]], ...] = (
    (EXCHANGE, lambda project, request, _: tokens.exchange(project, request.form)),
    (
        r"/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken",
        lambda project, request, found: tokens.impersonate(project, found[1], request),
    ),
    (
        rf"{_THE_PROJECT}(?:/locations/([a-z0-9-]+))?/secrets(?:/(.+))?",
        lambda project, request, found: secret_manager.answer(project, found[1] or "", found[2] or "", request),
    ),
    (
        rf"{_THE_PROJECT}(?::([a-zA-Z]+))?",
        lambda project, request, found: resource_manager.answer(project, found[1] or "", request),
    ),
    (rf"{_THE_PROJECT}/services:batchGet", lambda project, request, _: service_usage.batch_get(project, request)),
    (
        rf"{_THE_PROJECT}/serviceAccounts(?:/([^/:]+)(?::([a-zA-Z]+))?)?",
        lambda project, request, found: service_accounts.answer(project, found[1] or "", found[2] or "", request),
    ),
    (
        rf"/v[23]/projects/{PROJECT}/(sinks|alertPolicies)(?:/([^/:]+))?",
        lambda project, request, found: monitoring.answer(project, found[1], found[2] or "", request),
    ),
    (
        rf"{_THE_PROJECT}/locations/global/workloadIdentityPools(?:/([^/:]+))?",
        lambda project, request, found: pools.answer(project, found[1] or "", None, request),
    ),
    (
        rf"{_THE_PROJECT}/locations/global/workloadIdentityPools/([^/:]+)/providers(?:/([^/:]+))?",
        lambda project, request, found: pools.answer(project, found[1], found[2] or "", request),
    ),
)


def answer(project: Project, request: Request) -> Reply:
    """Answer a request for any of the services."""
    for pattern, route in _ROUTES:
        if found := re.fullmatch(pattern, request.path):
            try:
                return route(project, request, found)
            except RefusedError as refused:
                return refused.reply
            except (KeyError, TypeError, ValueError):
                return RefusedError(400, "Invalid JSON payload received, or a field is missing.").reply
    return Reply(b"<html>Not Found</html>", 404, content_type="text/html")
