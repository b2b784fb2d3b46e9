"""How an application reads a secret: one HTTP request to its own pod.

The address comes from ``SECRETS_URL``. Standard library only, and no proxy: the answer never leaves the pod.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

# Seconds; above the sidecar's own deadline (5), so that its answer comes first.
TIMEOUT = 10
CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}


class NoAnswerError(RuntimeError):
    """Nothing that speaks HTTP answered at ``SECRETS_URL``."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    path: str
    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        """The media type without its parameters; empty where there was none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def body(self) -> Any:
        """The decoded JSON, or the text of what is not JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            return self.content.decode(errors="replace")


def secrets_url() -> str:
    """The sidecar's address, such as ``http://localhost:8080``."""
    given = os.environ.get("SECRETS_URL", "")
    parts = urlsplit(given)
    if parts.scheme not in CONNECTIONS or not parts.hostname:
        raise NoAnswerError(
            f"SECRETS_URL is {given!r}, expected a URL such as http://localhost:8080: set it in the app"
        )
    return given


def ask(name: str) -> Answer:
    """Ask the sidecar for one secret, by its full name or its name within the namespace.

    What follows a ``?`` is the query: no name has one.
    """
    url = urlsplit(secrets_url())
    name, mark, query = name.partition("?")
    path = f"{url.path.rstrip('/')}/v1/secrets/{quote(name, safe='/')}{mark}{query}"
    connection = CONNECTIONS[url.scheme](url.hostname or "", url.port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        return Answer(path, response.status, response.reason, response.headers, response.read())
    except (OSError, HTTPException) as error:
        raise NoAnswerError(f"no answer from SECRETS_URL {url.geturl()}: {error or type(error).__name__}") from error
    finally:
        connection.close()


def get_secret(name: str) -> str:
    """The secret's value; PermissionError where the cloud refused it, RuntimeError for anything else."""
    answer = ask(name)
    if answer.status == 200:
        return str(answer.body["value"])
    if answer.status == 403:
        raise PermissionError(f"IAM policy denies access to {name}")
    raise RuntimeError(f"failed to fetch secret {name}: {answer.status} {answer.reason}")
