"""GET of a JSON document over HTTPS, as a vault would fetch it: no credentials, a certificate that must hold."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
    """A document, and the server's time, if it said one."""

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
            date = time_of(answer.headers)
            document = json.loads(answer.read(MOST))
    except URLError as error:  # with HTTPError, whose text is the status
        raise NotServed(str(error.reason if not hasattr(error, "code") else error)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotServed(f"{type(error).__name__}: {error}") from None
    if not isinstance(document, dict):
        raise NotServed("it is no JSON object")
    return Served(document, date)


def time_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the server's time, or None where it says none that can be read.

    An answer that was kept has the time at which it was made, and its age: RFC 9111, section 5.1.
    """
    try:
        date = parsedate_to_datetime(headers.get("Date", "")) + timedelta(seconds=int(headers.get("Age", "0")))
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
