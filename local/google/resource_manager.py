"""Resource Manager: the project, and its policy.

https://cloud.google.com/resource-manager/reference/rest/v1/projects
"""

from __future__ import annotations

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
            found = {"projectId": PROJECT, "projectNumber": NUMBER, "name": PROJECT, "lifecycleState": "ACTIVE"}
            return Reply(found)
        case "POST", "getIamPolicy":
            project.authorize(who, "resourcemanager.projects.getIamPolicy", PROJECT_RESOURCE)
            return Reply(policy(project.bindings))
        case "POST", "setIamPolicy":
            project.authorize(who, "resourcemanager.projects.setIamPolicy", PROJECT_RESOURCE)
            project.bindings = replaced(project.bindings, request.json["policy"])
            return Reply(policy(project.bindings))
    raise RefusedError(404, "Method not found.")
