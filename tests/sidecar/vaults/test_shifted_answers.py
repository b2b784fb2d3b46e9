"""Answers to something else than was asked: a connection that brought one is not used again.

Else each read over it would get the previous one's answer, for as long as it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from secret_sidecar.errors import BadUpstreamResponse, Unavailable
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.aws.static_keys import StaticKeys
from secret_sidecar.vaults.aws.store import AwsStore
from secret_sidecar.vaults.azure import errors as azure_errors
from secret_sidecar.vaults.azure.store import AzureStore
from secret_sidecar.vaults.bearer import BearerClient
from secret_sidecar.vaults.exchange.caller_credentials import CallerCredentials
from secret_sidecar.vaults.gcp import errors as gcp_errors
from secret_sidecar.vaults.gcp.store import GcpStore
from secret_sidecar.vaults.hashicorp.store import VaultStore
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.store import NewValue, Store
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon

pytestmark = pytest.mark.anyio

BEARER = Bearer("token", None, "me")
VERSIONS = {"aws": "1" * 32, "gcp": "1", "azure": "1" * 32, "vault": "1"}


def open_store(vault: str, server: Scripted) -> Store:
    """A store of that vault, in front of the server."""
    client = Client(Origin("http", "127.0.0.1", server.port))
    match vault:
        case "aws":
            return AwsStore(client, StaticKeys("AKIA", "secret", None), "us-east-1")
        case "gcp":
            return GcpStore(BearerClient("Google", client, CallerCredentials(BEARER), gcp_errors.error_of), "p")
        case "azure":
            return AzureStore(BearerClient("Azure", client, CallerCredentials(BEARER), azure_errors.error_of))
    return VaultStore(client, CallerCredentials(BEARER), "secret", "")


def secret(vault: str, name: str, version: str | None = None) -> dict[str, Any]:
    """What a vault answers a read with."""
    version = version or VERSIONS[vault]
    documents: dict[str, dict[str, Any]] = {
        "aws": {"Name": name, "VersionId": version, "SecretString": "v"},
        "gcp": {"name": f"projects/1/secrets/{name}/versions/{version}", "payload": {"data": "dg=="}},
        "azure": {"id": f"https://vault/secrets/{name}/{version}", "value": "v"},
        "vault": {"data": {"data": {"value": "v"}, "metadata": {"version": int(version)}}},
    }
    return documents[vault]


def answer(document: dict[str, Any], *headers: str) -> bytes:
    """An answer whose body is a document."""
    return reply(json.dumps(document).encode(), 200, *headers)


of_every_vault_with_names = pytest.mark.parametrize("vault", ["aws", "gcp", "azure"])


@of_every_vault_with_names
async def test_an_answer_about_another_name_ends_its_connection(vault: str) -> None:
    """The next read goes over a new one, and is answered."""
    late, own = answer(secret(vault, "other")), answer(secret(vault, "mine"))
    async with Scripted([late, late], [own]) as server:
        store = open_store(vault, server)
        with pytest.raises(BadUpstreamResponse):
            await store.get("mine", soon())
        assert (await store.get("mine", soon())).value == "v"
        await store.close()


@of_every_vault_with_names
async def test_an_answer_of_another_version_than_asked_for_is_none(vault: str) -> None:
    """The name is right, and it is another read's answer all the same."""
    async with Scripted([answer(secret(vault, "mine"))]) as server:
        store = open_store(vault, server)
        with pytest.raises(BadUpstreamResponse):
            await store.get("mine", soon(), version=VERSIONS[vault].replace("1", "2"))
        await store.close()


async def test_an_answer_without_a_name_is_none() -> None:
    """AWS tells the name of each secret."""
    nameless = secret("aws", "mine")
    del nameless["Name"]
    async with Scripted([answer(nameless)]) as server:
        store = open_store("aws", server)
        with pytest.raises(BadUpstreamResponse):
            await store.get("mine", soon())
        await store.close()


@of_every_vault_with_names
@pytest.mark.parametrize("headers", [(), ("Content-Type: text/html",)], ids=["no type", "HTML"])
async def test_the_body_says_what_is_json(vault: str, headers: tuple[str, ...]) -> None:
    """Not its Content-Type, which fakes and proxies get wrong."""
    async with Scripted([answer(secret(vault, "mine"), *headers)]) as server:
        store = open_store(vault, server)
        assert (await store.get("mine", soon())).value == "v"
        await store.close()


def lost_create(vault: str) -> Callable[[Store], Any]:
    """A write that may not arrive twice."""
    if vault == "azure":
        return lambda store: store.delete("mine", soon())
    return lambda store: store.create("mine", NewValue("v"), soon())


@pytest.mark.parametrize("vault", ["gcp", "azure", "vault"])
async def test_a_write_that_may_not_arrive_twice_is_sent_once(vault: str) -> None:
    """The connection that was kept is not the one it goes over; where it breaks, it may have been done."""
    async with Scripted([answer(secret(vault, "mine")), b""], [b""], [reply(b"{}", 409)], hold=False) as server:
        store = open_store(vault, server)
        await store.get("mine", soon())
        with pytest.raises(Unavailable, match="without an answer; the vault may have done it: look before"):
            await lost_create(vault)(store)
        await store.close()
    assert len(server.requests) == 2
