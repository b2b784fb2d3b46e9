"""Secret Manager: secrets and their versions.

https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets
"""

from __future__ import annotations

import base64

from local.google.crc32c import crc32c
from local.google.errors import RefusedError
from local.google.policies import granted
from local.google.project import CLOUD_PLATFORM, AccessToken, Project, Stored, resource_attributes, secret_name
from local.google.tokens import caller
from local.http_service import Reply, Request


def answer(project: Project, rest: str, request: Request) -> Reply:
    """Answer a request for what is below a project's `secrets/`."""
    who = caller(project, request, {CLOUD_PLATFORM})
    secret_id, _, version = rest.partition("/versions/")
    match request.method, secret_id.partition(":"), version.partition(":"):
        case "GET", (str(name), "", ""), (str(number), ":", "access"):
            return _version(project, "secretmanager.versions.access", who, name, number)
        case "GET", (str(name), "", ""), (str(number), "", "") if number:
            return _version(project, "secretmanager.versions.get", who, name, number)
        case "POST", ("", "", ""), ("", "", ""):
            return _create(project, who, request)
        case "POST", (str(name), ":", "addVersion"), ("", "", ""):
            _authorize(project, "secretmanager.versions.add", who, name)
            return _add(_stored(project, name), name, request.json["payload"])
        case "DELETE", (str(name), "", ""), ("", "", ""):
            _authorize(project, "secretmanager.secrets.delete", who, name)
            _stored(project, name)
            del project.secrets[name]
            return Reply({})
    raise RefusedError(404, "Method not found.")


def _version(project: Project, permission: str, who: AccessToken, name: str, version: str) -> Reply:
    _authorize(project, permission, who, name, version)
    stored = _stored(project, name)
    number = stored.number(version)
    if number == 0:
        raise RefusedError(404, f"Secret Version [{secret_name(name)}/versions/{version}] not found.")
    resource = f"{secret_name(name)}/versions/{number}"
    state = stored.states.get(number, "ENABLED")
    if permission == "secretmanager.versions.get":
        return Reply({"name": resource, "createTime": "2026-11-24T00:00:00Z", "state": state, "etag": '"1"'})
    if state != "ENABLED":
        raise RefusedError(400, f"Secret Version [{resource}] is in {state} state.", "FAILED_PRECONDITION")
    data = stored.versions[number - 1]
    payload = {"data": base64.b64encode(data).decode(), "dataCrc32c": str(crc32c(data))}
    return Reply({"name": resource, "payload": payload})


def _create(project: Project, who: AccessToken, request: Request) -> Reply:
    name = request.query["secretId"]
    _authorize(project, "secretmanager.secrets.create", who)
    if name in project.secrets:
        raise RefusedError(409, f"Secret [{secret_name(name)}] already exists.")
    if "automatic" not in request.json["replication"]:
        raise RefusedError(400, "Replication is required.")
    project.secrets[name] = Stored()
    return Reply({"name": secret_name(name), "replication": {"automatic": {}}})


def _add(stored: Stored, name: str, payload: dict[str, str]) -> Reply:
    data = base64.b64decode(payload["data"])
    if not 0 < len(data) <= 65536:
        raise RefusedError(400, "The secret payload must be between 1 and 65536 bytes.")
    if int(payload.get("dataCrc32c", crc32c(data))) != crc32c(data):
        raise RefusedError(400, "The checksum does not match.")
    stored.versions.append(data)
    return Reply({"name": f"{secret_name(name)}/versions/{len(stored.versions)}", "state": "ENABLED"})


def _stored(project: Project, name: str) -> Stored:
    if name not in project.secrets:
        raise RefusedError(404, f"Secret [{secret_name(name)}] not found or has no versions.")
    return project.secrets[name]


def _authorize(project: Project, permission: str, who: AccessToken, name: str = "", version: str = "") -> None:
    resource = resource_attributes(name, version)
    bindings = [*project.bindings, *project.secret_bindings.get(name, [])]
    if not granted(permission, bindings, who.members, resource):
        denied = f"Permission '{permission}' denied for resource '{resource['name']}'"
        raise RefusedError(403, f"{denied} (or it may not exist).", reason="IAM_PERMISSION_DENIED")
