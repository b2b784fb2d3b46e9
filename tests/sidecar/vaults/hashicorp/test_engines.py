"""Mounts that are no KV engine of version 2, which a real OpenBao has or has not."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from secret_sidecar.errors import (
    BadUpstreamResponse,
    NotFound,
    Unavailable,
)
from secret_sidecar.vaults.hashicorp.store import open_store
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.hashicorp.conftest import SettingsOf, outcome
from tests.sidecar.vaults.hashicorp.openbao import OpenBao

pytestmark = pytest.mark.anyio


async def test_a_mount_that_is_not_there(bao: OpenBao, settings_of: SettingsOf) -> None:
    """To a role it looks like any refusal; whoever may see that there is none is told."""
    store = open_store(settings_of(SECRETS_VAULT_MOUNT="nowhere"))
    assert await outcome(store, "test/database-password") == "Denied"
    await store.close()
    store = open_store(settings_of(SECRETS_VAULT_MOUNT="nowhere", VAULT_TOKEN=bao.root))
    with pytest.raises(BadUpstreamResponse, match="Vault has no KV engine of version 2 there: no handler for route"):
        await store.get("test/database-password", soon())
    await store.close()


async def test_an_engine_of_version_1(bao: OpenBao, settings_of: SettingsOf) -> None:
    """It has other paths: its secrets are not found, and what is found there is none."""
    bao("POST", "sys/mounts/old", {"type": "kv", "options": {"version": "1"}})
    bao("POST", "old/data/test/database-password", {"value": "hunter2"})
    store = open_store(settings_of(SECRETS_VAULT_MOUNT="old", VAULT_TOKEN=bao.root))
    with pytest.raises(BadUpstreamResponse, match="expected a KV engine of version 2"):
        await store.get("test/database-password", soon())
    with pytest.raises(NotFound):
        await store.get("test/other", soon())
    await store.close()


@pytest.mark.parametrize("access", ["a policy of its own", "root"])
async def test_an_engine_of_version_1_is_told_before_anybody_reads(
    access: str, bao: OpenBao, settings_of: SettingsOf
) -> None:
    """The pod does not become ready, and its log says how the engine becomes one of version 2."""
    mount = f"older-{access.split(maxsplit=1)[0]}"
    bao("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})
    bao.policy("older", (f"{mount}/test/*", "read"))
    token = bao("POST", "auth/token/create", {"policies": ["older"]})["auth"]["client_token"]
    store = open_store(settings_of(SECRETS_VAULT_MOUNT=mount, VAULT_TOKEN=bao.root if access == "root" else token))
    with pytest.raises(BadUpstreamResponse, match=r"KV engine of version 1 .*expected one of version 2") as bad:
        await store.probe("test/readiness", soon())
    assert bad.value.code == "a KV engine of version 1"
    bao("POST", f"sys/mounts/{mount}/tune", {"options": {"version": "2"}})
    async with asyncio.timeout(60):
        while True:
            with suppress(Unavailable):  # Vault upgrades for a moment
                await store.probe("test/readiness", soon())
                break
    await store.close()
