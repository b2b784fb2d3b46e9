"""Resource Manager: the project, and its policy.

https://cloud.google.com/resource-manager/reference/rest/v1/projects
"""

from __future__ import annotations

from typing import Any

from local.google.errors import RefusedError
from local.google.policies import policy, replaced
from local.google.project import CLOUD_PLATFORM, NUMBER, PROJECT, PROJECT_RESOURCE, Project
from local.google.tokens import caller
from local.http_service import Reply, Request


def answer(project: Project, action: str, request: Request) -> Reply:
    """Answer a request for the project itself."""
    who = caller(project, request, {CLOUD_PLATFORM})
    match request.method, action:
        case "GET", "":
            project.authorize(who, "resourcemanager.projects.get", PROJECT_RESOURCE)
            found = {"projectId": PROJECT, "projectNumber": NUMBER, "name": PROJECT, "lifecycleState": project.state}
            return Reply(found)
        case "POST", "testIamPermissions":
            asked = request.json["permissions"]
            has = [each for each in asked if project.allows(who, each, PROJECT_RESOURCE)]
            return Reply({"permissions": has} if has else {})
        case "POST", "getIamPolicy":
            project.authorize(who, "resourcemanager.projects.getIamPolicy", PROJECT_RESOURCE)
            return Reply(_policy(project))
        case "POST", "setIamPolicy":
            project.authorize(who, "resourcemanager.projects.setIamPolicy", PROJECT_RESOURCE)
            given, mask = request.json["policy"], request.json.get("updateMask", "bindings,etag").split(",")
            bindings = replaced(project.bindings, given)
            if "bindings" in mask:
                project.bindings = bindings
            if "auditConfigs" in mask:
                project.audit_configs = given.get("auditConfigs", [])
            return Reply(_policy(project))
    raise RefusedError(404, "Method not found.")


def _policy(project: Project) -> dict[str, Any]:
    audited = {"auditConfigs": project.audit_configs} if project.audit_configs else {}
    return {**policy(project.bindings), **audited}
