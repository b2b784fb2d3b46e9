"""The laptop's Vault as its root sees it: unsealed, with a KV engine of version 2 at `secret`, and its secrets."""

from __future__ import annotations

import json
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local import config, host
from local.progress import NotReadyError, wait_for

MOUNT = "secret"
FOLDER = config.MACHINE / "vault"
ROOT_TOKEN = FOLDER / "root-token"
"""The file of the root's token: each server's own, so that a pod cannot know it."""


class AnswerError(Exception):
    """Vault's answer with another status than a success. ``status`` is HTTP's."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: {status} {body}")
        self.status = status


def call(method: str, path: str, document: Any = None, token: str | None = None) -> dict[str, Any]:
    """Call the API as root, or with another token; the answer's document, empty where there is none."""
    given = root_token() if token is None else token
    request = urllib.request.Request(  # noqa: S310 (our own URL)
        f"{config.VAULT_URL}/v1/{path}",
        method=method,
        data=None if document is None else json.dumps(document).encode(),
        headers={"X-Vault-Token": given} if given else {},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (as above)
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
            return found
    except urllib.error.HTTPError as error:
        raise AnswerError(method, path, error.code, error.read().decode(errors="replace")) from None


def root_token() -> str:
    """The root's token; NotReadyError before there is one."""
    try:
        return ROOT_TOKEN.read_text()
    except FileNotFoundError:
        raise NotReadyError("Vault has no root's token yet; `make up` makes one") from None


def environment() -> dict[str, str]:
    """The variables with which `vault`, `bao` and Pulumi work on this server; the token only once there is one."""
    token = {"VAULT_TOKEN": root_token()} if ROOT_TOKEN.exists() else {}
    return {"VAULT_ADDR": config.VAULT_URL, **token}


def wait() -> None:
    """Wait until the server answers; make its root and its KV engine, unless they are there."""
    found: list[bool] = []

    def answers() -> bool:
        try:
            found[:] = [call("GET", "sys/init", token="")["initialized"]]
        except OSError:
            return False
        return True

    wait_for("Vault", answers, still_possible=host.why_not_running)
    if found == [True]:
        root_token()
    else:
        made = call("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1}, token="")
        _keep(ROOT_TOKEN, made["root_token"])
        call("PUT", "sys/unseal", {"key": made["keys"][0]}, token="")
    if f"{MOUNT}/" not in call("GET", "sys/mounts")["data"]:
        call("POST", f"sys/mounts/{MOUNT}", {"type": "kv", "options": {"version": "2"}})


def _keep(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def put(name: str, text: str) -> None:
    """Write a secret's next version."""
    call("POST", f"{MOUNT}/data/{name}", {"data": {"value": text}})


def seed(names: Iterable[str]) -> None:
    """Give each secret that does not exist yet a random value, which nothing but the vault then knows."""
    existing = set(_names())
    for name in names:
        if name not in existing:
            put(name, secrets.token_urlsafe(24))


def values() -> dict[str, str]:
    """Every secret that has a value, by its name."""
    found = {}
    for name in _names():
        try:
            found[name] = value(name)
        except AnswerError as error:
            if error.status != 404:  # deleted, though its metadata is there
                raise
    return found


def value(name: str) -> str:
    """The value stored under a name, as the sidecar serves it: a map without the one key `value` is its JSON text."""
    data = call("GET", f"{MOUNT}/data/{name}")["data"]["data"]
    return str(data["value"]) if data.keys() in ({"value"}, {"value", "encoding"}) else json.dumps(data)


def _names(folder: str = "") -> Iterator[str]:
    try:
        keys = call("LIST", f"{MOUNT}/metadata/{folder}")["data"]["keys"]
    except AnswerError as error:
        if error.status == 404:  # an empty engine
            return
        raise
    for key in keys:
        if key.endswith("/"):
            yield from _names(folder + key)
        else:
            yield folder + key
