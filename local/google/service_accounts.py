"""IAM's service accounts and their policies.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
"""

from __future__ import annotations

import re
import secrets

from local.google.errors import RefusedError
from local.google.policies import policy, replaced
from local.google.project import CLOUD_PLATFORM, PROJECT, PROJECT_RESOURCE, Project
from local.google.tokens import caller
from local.http_service import Reply, Request

_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


def answer(project: Project, email: str, action: str, request: Request) -> Reply:
    """Answer a request for one service account, or for all of them (no email)."""
    who = caller(project, request, {CLOUD_PLATFORM})
    verb = {"GET": "get", "POST": "create", "PATCH": "update", "DELETE": "delete"}.get(request.method, "")
    project.authorize(who, f"iam.serviceAccounts.{action or verb}", PROJECT_RESOURCE)
    if not email:
        return _create(project, request)
    if email not in project.accounts:
        raise RefusedError(404, f"Unknown service account {email}.")
    match request.method, action:
        case "GET", "":
            return Reply(project.accounts[email])
        case "PATCH", "":
            changed = request.json["serviceAccount"]
            project.accounts[email] |= {key: changed.get(key, "") for key in request.json["updateMask"].split(",")}
            return Reply(project.accounts[email])
        case "DELETE", "":
            del project.accounts[email]
            project.account_bindings.pop(email, None)
            return Reply({})
        case "POST", "getIamPolicy":
            return Reply(policy(project.account_bindings.get(email, [])))
        case "POST", "setIamPolicy":
            bindings = project.account_bindings.get(email, [])
            project.account_bindings[email] = replaced(bindings, request.json["policy"])
            return Reply(policy(project.account_bindings[email]))
    raise RefusedError(404, "Method not found.")


def _create(project: Project, request: Request) -> Reply:
    if request.method != "POST":
        raise RefusedError(404, "Method not found.")
    account_id = request.json["accountId"]
    if not _ID.fullmatch(account_id):
        raise RefusedError(400, "Service account ID must be between 6 and 30 characters.")
    email = f"{account_id}@{PROJECT}.iam.gserviceaccount.com"
    if email in project.accounts:
        raise RefusedError(409, f"Service account {account_id} already exists within project projects/{PROJECT}.")
    project.accounts[email] = {
        "name": f"projects/{PROJECT}/serviceAccounts/{email}",
        "projectId": PROJECT,
        "uniqueId": str(secrets.randbelow(10**20) + 10**20),
        "email": email,
        **{key: value for key, value in request.json.get("serviceAccount", {}).items() if value},
    }
    return Reply(project.accounts[email])
