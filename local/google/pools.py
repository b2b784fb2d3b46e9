"""IAM's workload identity pools and their providers.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools
"""

from __future__ import annotations

import json
import re
from typing import Any

from local.google.errors import RefusedError
from local.google.project import CLOUD_PLATFORM, NUMBER, PROJECT_RESOURCE, Pool, Project
from local.google.tokens import caller
from local.http_service import Reply, Request

_ID = re.compile(r"(?!gcp-)[a-z0-9-]{4,32}")


def answer(project: Project, pool_id: str, provider_id: str | None, request: Request) -> Reply:
    """Answer a request for a pool, or for a provider in it (`provider_id` is empty for all of them)."""
    who = caller(project, request, {CLOUD_PLATFORM})
    kind = "workloadIdentityPools" if provider_id is None else "workloadIdentityPoolProviders"
    verb = {"GET": "get", "POST": "create", "PATCH": "update", "DELETE": "delete"}.get(request.method, "")
    project.authorize(who, f"iam.{kind}.{verb}", PROJECT_RESOURCE)
    found = (
        _pools(project, pool_id, request) if provider_id is None else _providers(project, pool_id, provider_id, request)
    )
    return Reply(found if request.method == "GET" else {"name": f"operations/{verb}", "done": True, "response": found})


def _pools(project: Project, pool_id: str, request: Request) -> dict[str, Any]:
    if request.method == "POST" and not pool_id:
        new = _new_id(request.query.get("workloadIdentityPoolId", ""))
        if new in project.pools:
            raise RefusedError(409, f"Requested entity already exists: {_name(new)}, which may be deleted.")
        project.pools[new] = Pool({**request.json, "name": _name(new), "state": "ACTIVE"})
        return project.pools[new].document
    pool = _found(project.pools, pool_id)
    if request.method == "PATCH":
        pool.document |= _patched(request)
    elif request.method == "DELETE":
        if pool.document["state"] == "DELETED":
            raise RefusedError(404, f"{_name(pool_id)} is deleted.")
        pool.document["state"] = "DELETED"
    document: dict[str, Any] = pool.document
    return document


def _providers(project: Project, pool_id: str, provider_id: str, request: Request) -> dict[str, Any]:
    pool = _found(project.pools, pool_id)
    if pool.document["state"] == "DELETED":
        raise RefusedError(404, f"{_name(pool_id)} is deleted.")
    if request.method == "POST" and not provider_id:
        new = _new_id(request.query.get("workloadIdentityPoolProviderId", ""))
        if new in pool.providers:
            raise RefusedError(409, "Requested entity already exists, and may be deleted.")
        pool.providers[new] = _checked({**request.json, "name": f"{_name(pool_id)}/providers/{new}", "state": "ACTIVE"})
        made: dict[str, Any] = pool.providers[new]
        return made
    provider = _found(pool.providers, provider_id)
    if request.method == "PATCH":
        pool.providers[provider_id] = _checked({**provider, **_patched(request)})
    elif request.method == "DELETE":
        pool.providers[provider_id] = {**provider, "state": "DELETED"}
    changed: dict[str, Any] = pool.providers[provider_id]
    return changed


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    """A provider's document, unless it maps otherwise than this fake can."""
    if document.get("attributeMapping") != {"google.subject": "assertion.sub"} or document.get("attributeCondition"):
        raise RefusedError(400, "This fake knows the mapping google.subject = assertion.sub alone, and no condition.")
    oidc = document.get("oidc") or {}
    if not str(oidc.get("issuerUri")).startswith("https://"):
        raise RefusedError(400, "The issuer URI must be an https URL.")
    if oidc.get("jwksJson"):
        try:
            json.loads(oidc["jwksJson"])["keys"][0]
        except (ValueError, KeyError, IndexError, TypeError):
            raise RefusedError(400, "The JWKs are not valid.") from None
    return document


def _name(pool_id: str) -> str:
    return f"projects/{NUMBER}/locations/global/workloadIdentityPools/{pool_id}"


def _new_id(given: str) -> str:
    if not _ID.fullmatch(given):
        raise RefusedError(400, "The id must be 4 to 32 characters of a-z, 0-9 and -, and not begin with gcp-.")
    return given


def _found(things: dict[str, Any], name: str) -> Any:
    if name not in things:
        raise RefusedError(404, f"Requested entity was not found: {name}")
    return things[name]


def _patched(request: Request) -> dict[str, Any]:
    changed = request.json
    return {
        key: changed.get(key) for key in (part.partition(".")[0] for part in request.query["updateMask"].split(","))
    }
