"""User-assigned managed identities, and their federated credentials.

https://learn.microsoft.com/rest/api/managedidentity/
"""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

from local.azure.directory import TENANT, Directory, FederatedCredential, Identity
from local.azure.refusal import Refused
from local.http_service import Reply, Request

MOST_CREDENTIALS = 20
CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")


def identity(directory: Directory, request: Request, *, identity: str, name: str, **_: Any) -> Reply:
    """Create, read, change or delete an identity."""
    known = directory.identities.get(identity.lower())
    match request.method:
        case "PUT":
            body = request.json
            made = known or Identity(identity, str(uuid.uuid4()), str(uuid.uuid4()), body["location"])
            if body["location"] != made.location:
                raise Refused(
                    409, "InvalidResourceLocation", f"The resource {name!r} already exists in {made.location!r}."
                )
            directory.identities[identity.lower()] = replace(made, tags=body.get("tags") or {})
            directory.federated.setdefault(made.client_id, [])
            return _shown(directory.identities[identity.lower()], 200 if known else 201)
        case "GET":
            return _shown(_existing(known, name))
        case "DELETE" if known:
            del directory.identities[identity.lower()]
            directory.federated.pop(known.client_id, None)
            return Reply({})
        case "DELETE":
            return Reply(b"", 204)
    raise Refused(405, "MethodNotAllowed", request.method)


def credentials(
    directory: Directory, request: Request, *, identity: str, name: str, credential: str | None, **_: Any
) -> Reply:
    """Create, read, change, delete or list an identity's federated credentials."""
    owner = _existing(directory.identities.get(identity.lower()), name)
    listed = directory.federated[owner.client_id]
    known = next((one for one in listed if one.name == credential), None)
    match request.method, credential:
        case "GET", None:
            return Reply({"value": [_credential(owner, one).document for one in listed]})
        case "PUT", str(own_name):
            others = [one for one in listed if one is not known]
            made = _made(request.json["properties"], own_name, others)
            directory.federated[owner.client_id] = [*others, made]
            return _credential(owner, made, 200 if known else 201)
        case "GET", _ if known:
            return _credential(owner, known)
        case "DELETE", _ if known:
            listed.remove(known)
            return Reply({})
        case "DELETE", str():
            return Reply(b"", 204)
    raise Refused(404, "NotFound", f"The identity {name!r} has no federated credential {credential!r}.")


def _made(properties: dict[str, Any], name: str, others: list[FederatedCredential]) -> FederatedCredential:
    if not CREDENTIAL_NAME.fullmatch(name):
        raise Refused(
            400, "BadRequest", f"{name!r} is no name of a federated credential: 3 to 120 letters, digits, - and _."
        )
    audiences = properties.get("audiences") or []
    if len(audiences) != 1:
        raise Refused(400, "BadRequest", "A federated credential has one audience.")
    if len(others) >= MOST_CREDENTIALS:
        raise Refused(400, "BadRequest", f"An identity has at most {MOST_CREDENTIALS} federated credentials.")
    made = FederatedCredential(properties["issuer"], properties["subject"], audiences[0], name)
    if any((one.issuer, one.subject) == (made.issuer, made.subject) for one in others):
        raise Refused(409, "Conflict", "Issuer and subject combination already exists for this Managed Identity.")
    return made


def _existing(known: Identity | None, name: str) -> Identity:
    if known is None:
        raise Refused(
            404,
            "ResourceNotFound",
            f"The Resource 'Microsoft.ManagedIdentity/userAssignedIdentities/{name}' was not found.",
        )
    return known


def _shown(one: Identity, status: int = 200) -> Reply:
    return Reply(
        {
            "id": one.id,
            "name": one.id.rpartition("/")[2],
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "location": one.location,
            "tags": one.tags,
            "properties": {"tenantId": TENANT, "principalId": one.principal_id, "clientId": one.client_id},
        },
        status,
    )


def _credential(owner: Identity, one: FederatedCredential, status: int = 200) -> Reply:
    return Reply(
        {
            "id": f"{owner.id}/federatedIdentityCredentials/{one.name}",
            "name": one.name,
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
            "properties": {"issuer": one.issuer, "subject": one.subject, "audiences": [one.audience]},
        },
        status,
    )
