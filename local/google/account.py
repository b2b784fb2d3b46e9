"""The laptop's project of Google Cloud as its owner sees it: its secrets, and who he is."""

from __future__ import annotations

import base64
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any

from local import config, host
from local.google.project import NUMBER, PROJECT
from local.progress import NotReadyError, wait_for

OWNER = "owner@laptop.example"
OWNER_TOKEN = config.MACHINE / "google" / "owner-token"
"""The file of the owner's access token: each server's own, so that a pod cannot know it."""
_SECRETS = f"/v1/projects/{PROJECT}/secrets"


class AnswerError(Exception):
    """An answer with another status than a success. ``status`` is HTTP's."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: {status} {body}")
        self.status = status


def owner_token() -> str:
    """The owner's token; NotReadyError before there is one."""
    try:
        return OWNER_TOKEN.read_text()
    except FileNotFoundError:
        raise NotReadyError("Google Cloud's owner has no token yet; `make up` makes one") from None


def call(method: str, path: str, document: Any = None) -> dict[str, Any]:
    """Call the APIs as the owner; the answer's document."""
    request = urllib.request.Request(  # noqa: S310 (our own URL)
        f"{config.GOOGLE_URL}{path}",
        method=method,
        data=None if document is None else json.dumps(document).encode(),
        headers={"Authorization": f"Bearer {owner_token()}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (as above)
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except urllib.error.HTTPError as error:
        raise AnswerError(method, path, error.code, error.read().decode(errors="replace")) from None


def environment() -> dict[str, str]:
    """The variables with which Pulumi and `gcloud` work on this project; the token only once there is one."""
    token = {"GOOGLE_OAUTH_ACCESS_TOKEN": owner_token()} if OWNER_TOKEN.exists() else {}
    return {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"{config.GOOGLE_URL}/",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(OWNER_TOKEN),
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        **token,
    }


def wait() -> None:
    """Wait until Google Cloud answers its owner."""

    def answers() -> bool:
        try:
            return bool(call("GET", f"/v1/projects/{PROJECT}")["projectNumber"] == NUMBER)
        except (OSError, NotReadyError):
            return False
        except AnswerError as error:
            if error.status == 401:  # the token of the server before this one
                return False
            raise

    wait_for("Google Cloud", answers, still_possible=host.why_not_running)


def put(name: str, text: str) -> None:
    """Write a secret's next version; one that does not exist yet is made."""
    secret = name.replace("/", "--")
    try:
        call("POST", f"{_SECRETS}?secretId={secret}", {"replication": {"automatic": {}}})
    except AnswerError as error:
        if error.status != 409:
            raise
    payload = {"data": base64.b64encode(text.encode()).decode()}
    call("POST", f"{_SECRETS}/{secret}:addVersion", {"payload": payload})


def seed(names: Iterable[str]) -> None:
    """Give each secret that has no value yet a random one, which nothing but the vault then knows."""
    existing = values()
    for name in names:
        if name not in existing:
            put(name, secrets.token_urlsafe(24))


def values() -> dict[str, str]:
    """Every secret that has a value, by its name; binary ones in base64."""
    found = {}
    for secret in call("GET", _SECRETS)["secrets"]:
        name = secret["name"].rpartition("/")[2].replace("--", "/")
        try:
            found[name] = value(name)
        except AnswerError as error:
            if error.status not in (400, 404):  # it has no version that is enabled
                raise
    return found


def value(name: str) -> str:
    """The value stored under a name."""
    answer = call("GET", f"{_SECRETS}/{name.replace('/', '--')}/versions/latest:access")
    encoded: str = answer["payload"]["data"]
    try:
        return base64.b64decode(encoded).decode()
    except UnicodeDecodeError:
        return encoded
