"""Azure Monitor: what is logged of a vault, and alerts on it; kept as written, and nothing is logged by them.

https://learn.microsoft.com/rest/api/monitor/diagnostic-settings, .../scheduled-query-rules
"""

from __future__ import annotations

from typing import Any

from local.azure.directory import Directory
from local.azure.refusal import Refused
from local.http_service import Reply, Request


def diagnostic_setting(directory: Directory, request: Request, *, scope: str, name: str, **_: Any) -> Reply:
    """One setting of a vault, which must be there."""
    if scope.lower() not in {vault.id.lower() for vault in directory.vaults.values()}:
        raise Refused(404, "ResourceNotFound", f"The Resource {scope!r} was not found.")
    return _document(directory, request, name, "Microsoft.Insights/diagnosticSettings")


def query_rule(directory: Directory, request: Request, *, name: str, **_: Any) -> Reply:
    """One alert on a query."""
    return _document(directory, request, name, "Microsoft.Insights/scheduledQueryRules")


def _document(directory: Directory, request: Request, name: str, kind: str) -> Reply:
    key = request.path.lower()
    if request.method == "PUT":
        given = request.json
        properties = {key: value for key, value in given["properties"].items() if value is not None}
        directory.documents[key] = {**given, "properties": properties, "id": request.path, "name": name, "type": kind}
    if key not in directory.documents:
        raise Refused(404, "ResourceNotFound", f"The Resource {request.path!r} was not found.")
    document = directory.documents[key]
    if request.method == "DELETE":
        del directory.documents[key]
    return Reply(document)
