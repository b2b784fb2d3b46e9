"""Calls of a cloud's API with a token, which no message shows and no other host gets."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from ..errors import SecretAccessError

MOST = 10_000_000
"""Bytes of an answer."""


class NotAnswered(SecretAccessError):
    """No answer of the API; the message says why."""


class Refused(SecretAccessError):
    """An answer of another status than 200; the message is the API's own.

    `status`: HTTP's.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


REFUSALS = (NotAnswered, Refused)


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would take the token elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True)
class Api:
    """An API at an address, asked with headers of which one is a credential."""

    address: str
    """Without a closing slash. Example: `https://vault.example:8200/v1`."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authorities: str | None = None
    """A PEM file of authorities that may vouch for the address, besides the system's."""
    seconds: float = 30

    def get(self, path: str, **query: str | list[str]) -> dict[str, Any]:
        """Return the document at a path; raise NotAnswered or Refused."""
        return self._asked("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path)

    def post(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a question that needs a body; raise NotAnswered or Refused."""
        return self._asked("POST", path, json.dumps(document).encode())

    def all(self, path: str, items: str, **query: str | list[str]) -> list[Any]:
        """Return what all pages of a list have under `items`; Google gives the next one's token, Azure its address."""
        found: list[Any] = []
        page = self.get(path, **query)
        while True:
            found += page.get(items) or ()
            if token := page.get("nextPageToken"):
                page = self.get(path, **query, pageToken=str(token))
            elif link := page.get("nextLink"):
                if not str(link).startswith(f"{self.address}/"):
                    raise NotAnswered(f"GET {self.address}{path}: the next page is elsewhere")
                page = self._asked("GET", str(link).removeprefix(self.address))
            else:
                return found

    def _asked(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        url = f"{self.address}{path}"
        headers = {**self.headers, **({"Content-Type": "application/json"} if body else {})}
        request = Request(url, data=body, method=method, headers=headers)  # noqa: S310  an address that the caller gave
        place = f"{method} {url.partition('?')[0]}"
        try:
            with self._opener().open(request, timeout=self.seconds) as answer:
                document = json.loads(answer.read(MOST) or b"{}")
        except HTTPError as error:
            with error:
                raise Refused(f"{place}: {error.code} {_complaint(error)}", error.code) from None
        except URLError as error:
            raise NotAnswered(f"{place}: {error.reason}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:  # whose text may quote a header
            raise NotAnswered(f"{place}: {type(error).__name__}") from None
        if not isinstance(document, dict):
            raise NotAnswered(f"{place}: the answer is no JSON object")
        return document

    def _opener(self) -> OpenerDirector:
        if urlsplit(self.address).scheme != "https":
            return build_opener(ProxyHandler(), _NoRedirects)
        context = ssl.create_default_context()
        if self.authorities:
            context.load_verify_locations(self.authorities)
        return build_opener(ProxyHandler(), _NoRedirects, HTTPSHandler(context=context))


def _complaint(error: HTTPError) -> str:
    """Return what the API says of a refusal, as Vault, Google and Azure each spell it."""
    if 300 <= error.code < 400:
        return f"to {error.headers.get('Location', '')}: give that address"
    try:
        said = json.loads(error.read(MOST))
    except (OSError, http.client.HTTPException, ValueError):
        return str(error.reason)
    if not isinstance(said, dict):
        return str(error.reason)
    if isinstance(said.get("errors"), list):
        return "; ".join(str(each).strip() for each in said["errors"]) or str(error.reason)
    of_cloud = said.get("error")
    return str(of_cloud.get("message", error.reason)) if isinstance(of_cloud, dict) else str(error.reason)
