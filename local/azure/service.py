"""All of the fake Azure: which of its services a request is for, and the trail of what was asked."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from local.azure.directory import Directory
from local.azure.entra import Entra, Keys
from local.azure.key_vault import PAGE, SECRET, KeyVault
from local.azure.resource_manager import ResourceManager
from local.http_service import Reply, Request
from local.trail import Call

READ = "keyvault.SecretGet"
SIGN_IN = "entra.SignIn"
OPERATIONS = {
    "GET": READ,
    "versions": "keyvault.SecretListVersions",
    "PUT": "keyvault.SecretSet",
    "DELETE": "keyvault.SecretDelete",
}
"""As Key Vault's own log has them: https://learn.microsoft.com/azure/key-vault/general/logging"""


class Azure:
    """``url`` is where it is; ``serve`` gives a new vault an address, HOST or HOST:PORT; ``note`` takes the trail."""

    def __init__(
        self,
        keys: Keys,
        url: Callable[[], str],
        serve: Callable[[], str],
        note: Callable[[Call], None] = lambda _: None,
        *,
        request_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        page: int = PAGE,
    ) -> None:
        self.directory = Directory()
        self.entra = Entra(self.directory, keys, url)
        self._key_vault = KeyVault(self.directory, url, page)
        self._resource_manager = ResourceManager(self.directory, url, serve)
        self._note = note
        self._request_id = request_id

    def answer(self, request: Request) -> Reply:
        """Answer a request for any of them."""
        request_id = self._request_id()
        before = self.directory.tokens.get(request.bearer)
        try:
            reply = self._reply(request, request_id)
        except (LookupError, TypeError, ValueError) as error:
            document = {"error": {"code": "BadRequest", "message": f"The request is malformed: {error!r}"}}
            reply = Reply(document, 400)
        identity = f"{before.client_id} {before.subject}".strip() if before else ""
        self._note(
            Call(
                time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                request_id=request_id,
                client=request.client,
                action=_action(request),
                identity=identity or _asked_for(request),
                name=_name(request.path),
                status=reply.status,
                code=_code(reply.document) if reply.status >= 400 else "",
            )
        )
        return reply

    def _reply(self, request: Request, request_id: str) -> Reply:
        return (
            self.entra.answer(request, request_id)
            or self._resource_manager.answer(request)
            or self._key_vault.answer(request, request_id)
            or Reply(b"<html>Not Found</html>", 404, content_type="text/html")
        )


def _action(request: Request) -> str:
    if found := SECRET.fullmatch(request.path):
        return OPERATIONS.get("versions" if found[2] == "versions" else request.method, request.method)
    if request.path.endswith("/oauth2/v2.0/token"):
        return SIGN_IN
    return f"{request.method} {request.path}"


def _asked_for(request: Request) -> str:
    return request.form.get("client_id", "") if _action(request) == SIGN_IN else ""


def _name(path: str) -> str:
    found = SECRET.fullmatch(path)
    return found[1].lower().replace("--", "/") if found else ""


def _code(document: Any) -> str:
    """The innermost error code, or Entra's own."""
    match document:
        case {"error_codes": [number, *_]}:
            return f"AADSTS{number}"
        case {"error": {"innererror": {"code": str(code)}}} | {"error": {"code": str(code)}}:
            return code
    return ""
