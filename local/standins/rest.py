"""A JSON API over HTTP, as a stand-in calls it: errors in words, no header among them."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from local.standins.errors import Gone, Refused

TIMEOUT = 30.0


class Rest:
    """One service: its base URL, what each call carries, and the file of the authority that signed its certificate.

    No proxy, and no redirect is followed: what a stand-in calls is on this machine.
    """

    def __init__(self, url: str, headers: Mapping[str, str], ca_file: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", **headers}
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_file)),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def get(self, path: str) -> Any:
        """Read; raises Gone where there is no such thing (404)."""
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> Any:
        """Create, or what else a service does by POST."""
        return self.call("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        """Create or replace."""
        return self.call("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """Change."""
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """Delete; raises Gone where there is no such thing (404)."""
        return self.call("DELETE", path)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, or None where it is empty; raises Gone for 404 and Refused for all else but 2xx.

        A body of bytes goes as it is, anything else as JSON.
        """
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  (the opener knows http and https alone)
            self._url + path, content, self._headers, method=method
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                read = response.read()
        except urllib.error.HTTPError as error:
            with error:
                message = f"{method} {path}: {error.code} {_said(error.read())}"
            raise (Gone if error.code == 404 else Refused)(message) from None
        except OSError as error:
            raise Refused(f"{method} {self._url}{path}: {getattr(error, 'reason', error)}") from None
        return json.loads(read) if read.strip() else None


def _said(body: bytes) -> str:
    """An error in one line: Google's and Azure's ``error.message``, Vault's ``errors``, or the body as it is."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    match parsed:
        case {"error": {"message": str(message), **rest}}:
            return ": ".join(str(part) for part in (rest.get("code") or rest.get("status"), message) if part)
        case {"errors": [*errors]}:
            return "; ".join(map(str, errors)) or "no reason given"
    return body.decode(errors="replace").strip()[:500] or "no reason given"
