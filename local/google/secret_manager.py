"""Secret Manager: secrets, their versions and their policies; regional ones have names of their own.

https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets
https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.locations.secrets
"""

from __future__ import annotations

import base64

from local.google.crc32c import crc32c
from local.google.errors import RefusedError
from local.google.policies import policy, replaced
from local.google.project import CLOUD_PLATFORM, PROJECT_RESOURCE, AccessToken, Project, Stored, secret_name
from local.google.tokens import caller
from local.http_service import Reply, Request

_NO_METHOD = RefusedError(404, "Method not found.")


def answer(project: Project, location: str, rest: str, request: Request) -> Reply:
    """Answer a request for what is below `secrets/` of the project, or of a region in it."""
    who = caller(project, request, {CLOUD_PLATFORM})
    secret, _, version = rest.partition("/versions/")
    secret, _, action = secret.partition(":")
    name = f"{location}/{secret}" if location else secret
    if version:
        number, _, verb = version.partition(":")
        if request.method != "GET" or verb not in ("", "access"):
            raise _NO_METHOD
        return _version(project, verb or "get", who, name, number)
    if not secret:
        return _list(project, who, location) if request.method == "GET" else _create(project, who, location, request)
    if action in ("getIamPolicy", "setIamPolicy"):
        return _policy(project, action, who, name, request)
    if (request.method, action) == ("POST", "addVersion"):
        _authorize(project, "versions.add", who, name)
        return _add(_stored(project, name), name, request.json["payload"])
    if (request.method, action) == ("DELETE", ""):
        _authorize(project, "secrets.delete", who, name)
        _stored(project, name)
        del project.secrets[name]
        project.secret_bindings.pop(name, None)
        return Reply({})
    raise _NO_METHOD


def _policy(project: Project, action: str, who: AccessToken, name: str, request: Request) -> Reply:
    _authorize(project, f"secrets.{action}", who, name)
    _stored(project, name)
    bindings = project.secret_bindings.get(name, [])
    if request.method == "POST" and action == "setIamPolicy":
        bindings = project.secret_bindings[name] = replaced(bindings, request.json["policy"])
    return Reply(policy(bindings))


def _version(project: Project, action: str, who: AccessToken, name: str, version: str) -> Reply:
    _authorize(project, f"versions.{action}", who, name, version)
    stored = _stored(project, name)
    number = stored.number(version)
    if number == 0:
        raise RefusedError(404, f"Secret Version [{secret_name(name)}/versions/{version}] not found.")
    resource = f"{secret_name(name)}/versions/{number}"
    state = stored.states.get(number, "ENABLED")
    if action == "get":
        return Reply({"name": resource, "createTime": "2026-11-24T00:00:00Z", "state": state, "etag": '"1"'})
    if state != "ENABLED":
        raise RefusedError(400, f"Secret Version [{resource}] is in {state} state.", "FAILED_PRECONDITION")
    data = stored.versions[number - 1]
    payload = {"data": base64.b64encode(data).decode(), "dataCrc32c": str(crc32c(data))}
    return Reply({"name": resource, "payload": payload})


def _list(project: Project, who: AccessToken, location: str) -> Reply:
    project.authorize(who, "secretmanager.secrets.list", PROJECT_RESOURCE)
    names = (name for name in project.secrets if name.rpartition("/")[0] == location)
    return Reply({"secrets": [{"name": secret_name(name)} for name in sorted(names)]})


def _create(project: Project, who: AccessToken, location: str, request: Request) -> Reply:
    name = "/".join(filter(None, (location, request.query["secretId"])))
    project.authorize(who, "secretmanager.secrets.create", PROJECT_RESOURCE)
    if name in project.secrets:
        raise RefusedError(409, f"Secret [{secret_name(name)}] already exists.")
    if request.method != "POST":
        raise _NO_METHOD
    if not location and "automatic" not in request.json["replication"]:
        raise RefusedError(400, "Replication is required.")
    project.secrets[name] = Stored()
    return Reply({"name": secret_name(name), **({} if location else {"replication": {"automatic": {}}})})


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


def _authorize(project: Project, permission: str, who: AccessToken, name: str, version: str = "") -> None:
    resource = {
        "name": f"{secret_name(name)}/versions/{version}" if version else secret_name(name),
        "type": f"secretmanager.googleapis.com/{'SecretVersion' if version else 'Secret'}",
        "service": "secretmanager.googleapis.com",
    }
    project.authorize(who, f"secretmanager.{permission}", resource, project.secret_bindings.get(name))
