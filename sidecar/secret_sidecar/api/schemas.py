"""The API's documents as JSON Schema (draft 2020-12, as OpenAPI 3.1 has it)."""

from __future__ import annotations

from typing import Any

from secret_sidecar.api.batch import MAX_NAMES
from secret_sidecar.api.secret_reader import LONGEST, PARTS

Schema = dict[str, Any]


def _object(required: str, optional: Schema | None = None, **properties: Schema) -> Schema:
    """Return an object of these properties and no others; what is required is named with spaces between."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties | (optional or {}),
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT: Schema = {"type": "string"}
_SELECTION = {part: _ref("Selection") for part in PARTS}
_BASE64 = {"enum": ["base64"], "description": "Present if the value is binary."}

SCHEMAS: dict[str, Schema] = {
    "Name": {
        "type": "string",
        "minLength": 1,
        "maxLength": 518,
        "pattern": "^([A-Za-z0-9/_+=.@!-]+|exact:[ -~]+)$",
        "description": "The names of AWS; other vaults allow lowercase letters and digits, single hyphens and '/'. "
        "After 'exact:' follows the name as it is in the vault.",
        "examples": ["database-password", "test/database-password", "exact:Prod_DB_Password"],
    },
    "Selection": {"type": "string", "minLength": 1, "maxLength": LONGEST},
    "Tags": {"type": "string", "examples": ['"5a1c7d0e-1111-4222-8333-944444444444"', "*"]},
    "EventId": {"type": "string", "description": "Unknown ids are ignored."},
    "Secret": _object(
        "name value version",
        {"encoding": _BASE64, "stage": _ref("Selection"), "key": _ref("Selection")},
        name=_ref("Name"),
        value=_TEXT,
        version=_TEXT,
    ),
    "NewValue": _object("value", {"encoding": {"enum": ["base64", None]}}, value={"type": "string", "minLength": 1}),
    "Written": _object("name version", name=_ref("Name"), version=_TEXT),
    "Names": _object("names", names={"type": "array", "items": _ref("Name")}),
    "Asked": _object("name", _SELECTION, name=_TEXT)
    | {"not": {"required": ["version", "stage"]}, "description": "version and stage exclude each other."},
    "BatchRequest": _object(
        "names",
        names={
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_NAMES,
            "items": {"anyOf": [_TEXT, _ref("Asked")]},
        },
    ),
    "Batch": _object(
        "secrets errors",
        secrets={"type": "array", "items": _ref("Secret")},
        errors={"type": "array", "items": {"allOf": [_ref("Problem"), {"required": ["name", "backend"]}]}},
    ),
    "VersionEvent": _object("name version", name=_ref("Name"), version=_TEXT),
    "Problem": _object(
        "type title status detail",
        {
            "name": _TEXT | {"description": "The full name of the secret."},
            "backend": _TEXT | {"description": "The vault."},
            "identity": _TEXT | {"description": "The identity that was used or refused, as the cloud names it."},
            "code": _TEXT | {"description": "The cloud's own error code."},
            "request_id": _TEXT | {"description": "The cloud's request id; if code is present too, the cloud decided."},
            **_SELECTION,
        },
        type={"type": "string", "format": "uri"},
        title=_TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=_TEXT,
    ),
    "Description": {"type": "object", "required": ["openapi", "info", "paths"]},
}
