"""Cloud Logging's sinks and Cloud Monitoring's alerts; kept as written, and nothing is sent by them.

https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks
https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
"""

from __future__ import annotations

from typing import Any

from local.google.errors import RefusedError
from local.google.project import CLOUD_PLATFORM, NUMBER, PROJECT, PROJECT_RESOURCE, Project
from local.google.tokens import caller
from local.http_service import Reply, Request

PERMISSIONS = {"sinks": "logging.sinks", "alertPolicies": "monitoring.alertPolicies"}
VERBS = {"GET": "get", "POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}


def answer(project: Project, collection: str, name: str, request: Request) -> Reply:
    """Answer a request for one of the project's sinks or alerts."""
    who = caller(project, request, {CLOUD_PLATFORM})
    project.authorize(who, f"{PERMISSIONS[collection]}.{VERBS[request.method]}", PROJECT_RESOURCE)
    key = f"{collection}/{name}"
    if request.method == "POST":
        given = request.json
        key = f"{collection}/{given.get('name') or len(project.documents) + 1}"
        if key in project.documents:
            raise RefusedError(409, f"{key} already exists.", "ALREADY_EXISTS")
        project.documents[key] = _shown(collection, key, given)
    if key not in project.documents:
        raise RefusedError(404, f"{key} was not found.", "NOT_FOUND")
    if request.method in ("PATCH", "PUT"):
        project.documents[key] = _shown(collection, key, request.json)
    found = project.documents[key]
    if request.method == "DELETE":
        del project.documents[key]
        return Reply({})
    return Reply(found)


def _shown(collection: str, key: str, given: dict[str, Any]) -> dict[str, Any]:
    if collection == "alertPolicies":
        return {**given, "name": f"projects/{PROJECT}/{key}"}
    writer = f"serviceAccount:service-{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
    return {**given, "name": key.partition("/")[2], "writerIdentity": writer}
