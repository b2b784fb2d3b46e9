"""GET of a JSON document over HTTPS, as a vault would fetch it: no credentials, a certificate that must hold."""

import http.client
import json
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from ..errors import SecretAccessError

MOST = 1_000_000
"""Bytes of a document."""


class NotServed(SecretAccessError):
    """The document was not read; the message says why."""


@dataclass(frozen=True)
class Served:
    """A document, and the server's time in its answer, if it said one."""

    document: dict[str, Any]
    date: datetime | None


def fetch(url: str, authorities: str | None = None, seconds: float = 10) -> Served:
    """Return the document; raise NotServed. `authorities`: a PEM file of more to trust."""
    if urlsplit(url).scheme != "https":
        raise NotServed(f"expected an https:// URL, given {url!r}")
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(authorities)
    try:
        with build_opener(ProxyHandler(), HTTPSHandler(context=context)).open(url, timeout=seconds) as answer:
            date, body = answer.headers.get("Date"), answer.read(MOST)
            document = json.loads(body)
            sent = parsedate_to_datetime(date) if date else None
    except URLError as error:  # with HTTPError, whose text is the status
        raise NotServed(str(error.reason if not hasattr(error, "code") else error)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotServed(f"{type(error).__name__}: {error}") from None
    if not isinstance(document, dict):
        raise NotServed("it is no JSON object")
    return Served(document, sent)
