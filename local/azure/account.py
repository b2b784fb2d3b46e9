"""The laptop's subscription as its owner sees it: a vault that the namespaces share, and the secrets of all vaults."""

from __future__ import annotations

import json
import os
import secrets
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local import config, host
from local.azure.directory import GROUP, MANAGEMENT_RESOURCE, SUBSCRIPTION, TENANT, VAULT_RESOURCE
from local.azure.server import OWNER
from local.progress import NotReadyError, wait_for

FOLDER = config.MACHINE / "azure"
PASSWORD = FOLDER / "owner-secret"
"""The file of the owner's client secret: each server's own, so that a pod cannot know it."""
SHARED_VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/secrets-local"
VAULTS_API = "api-version=2024-11-01"
SECRETS_API = "api-version=7.4"


class AnswerError(Exception):
    """Azure's answer with another status than a success. ``status`` is HTTP's."""

    def __init__(self, method: str, url: str, status: int, body: str) -> None:
        super().__init__(f"{method} {url}: {status} {body}")
        self.status = status


def make_password() -> Path:
    """Make the owner's client secret for a server that is about to start, and return its file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(os.open(PASSWORD, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(24))
    return PASSWORD


def password() -> str:
    """The owner's client secret; NotReadyError before there is one."""
    try:
        return PASSWORD.read_text()
    except FileNotFoundError:
        raise NotReadyError("Azure has no owner's secret yet; `make up` makes one") from None


def environment() -> dict[str, str]:
    """The variables with which Pulumi and Azure's clients work on this subscription; the secret once there is one."""
    known = {"CLIENT_SECRET": PASSWORD.read_text()} if PASSWORD.exists() else {}
    account = {"CLIENT_ID": OWNER, "TENANT_ID": TENANT, **known}
    return {
        "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
        "AZURE_AUTHORITY_HOST": config.AZURE_URL,
        **{f"{start}_{name}": value for start in ("ARM", "AZURE") for name, value in account.items()},
    }


def call(method: str, url: str, document: Any = None, resource: str = VAULT_RESOURCE) -> dict[str, Any]:
    """Call one of Azure's services as the owner; the answer's document."""
    return _send(method, url, document, {"Authorization": f"Bearer {_token(resource)}"})


def _token(resource: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": OWNER,
        "client_secret": password(),
        "scope": f"{resource}/.default",
    }
    answer = _send("POST", f"{config.AZURE_URL}/{TENANT}/oauth2/v2.0/token", urllib.parse.urlencode(form).encode(), {})
    return str(answer["access_token"])


def _send(method: str, url: str, document: Any, headers: dict[str, str]) -> dict[str, Any]:
    body = document if document is None or isinstance(document, bytes) else json.dumps(document).encode()
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 (our own URL)
    trusted = ssl.create_default_context(cafile=str(config.PKI / "ca.crt"))
    try:
        with urllib.request.urlopen(request, timeout=10, context=trusted) as answer:  # noqa: S310 (as above)
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
            return found
    except urllib.error.HTTPError as error:
        raise AnswerError(method, url, error.code, error.read().decode(errors="replace")) from None


def wait() -> None:
    """Wait until Azure answers, and make the vault that the namespaces share, unless it is there."""

    def answers() -> bool:
        try:
            _token(MANAGEMENT_RESOURCE)
        except OSError:
            return False
        return True

    wait_for("Azure", answers, still_possible=host.why_not_running)
    properties = {
        "tenantId": TENANT,
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
    }
    wanted = {"location": "westeurope", "properties": properties}
    call("PUT", f"{config.AZURE_URL}{SHARED_VAULT}?{VAULTS_API}", wanted, MANAGEMENT_RESOURCE)


def _vaults() -> dict[str, str]:
    """The address of each vault, by the namespace whose own it is; that of the shared one by an empty text."""
    listed = call(
        "GET", f"{config.AZURE_URL}{GROUP}/providers/Microsoft.KeyVault/vaults?{VAULTS_API}", None, MANAGEMENT_RESOURCE
    )
    return {
        (one["tags"] or {}).get("secret-access-namespace", ""): one["properties"]["vaultUri"].rstrip("/")
        for one in listed["value"]
    }


def _secrets() -> Iterator[tuple[str, str]]:
    """Each secret's name, and where it is."""
    for address in _vaults().values():
        for item in call("GET", f"{address}/secrets?{SECRETS_API}")["value"]:
            yield item["id"].rpartition("/")[2].replace("--", "/"), item["id"]


def put(name: str, text: str) -> None:
    """Write a secret's next version, in the vault of its namespace or in the shared one."""
    vaults = _vaults()
    address = vaults.get(name.partition("/")[0]) or vaults[""]
    call("PUT", f"{address}/secrets/{name.replace('/', '--')}?{SECRETS_API}", {"value": text})


def seed(names: Iterable[str]) -> None:
    """Give each secret that does not exist yet a random value, which nothing but the vault then knows."""
    existing = dict(_secrets())
    for name in names:
        if name not in existing:
            put(name, secrets.token_urlsafe(24))


def values() -> dict[str, str]:
    """Every secret that has a value, by its name."""
    return {name: str(call("GET", f"{where}?{SECRETS_API}")["value"]) for name, where in _secrets()}


def value(name: str) -> str:
    """The value stored under a name."""
    return str(call("GET", f"{dict(_secrets())[name]}?{SECRETS_API}")["value"])
