"""The fake takes one write at a time of an identity's federated credentials, as Azure does."""

from __future__ import annotations

import asyncio

import pytest

from local.azure.credential_writes import CredentialWrites
from local.azure.directory import GROUP
from local.http_service import Reply, Request

MINE = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"


def asked(method: str, path: str) -> Request:
    return Request(method, f"{path}?api-version=2023-01-31", {}, b"{}")


@pytest.mark.parametrize("second", ["PUT", "DELETE"])
def test_a_write_beside_another_of_the_identity_is_refused(second: str) -> None:
    """With Azure's code; reads, other identities and the identity itself are not held up, and the next write works."""

    async def run() -> None:
        done = asyncio.Event()
        writes = CredentialWrites(lambda _: Reply({}, 201), done.wait)
        first = asyncio.ensure_future(writes.answer(asked("PUT", f"{MINE}/federatedIdentityCredentials/a")))
        await asyncio.sleep(0)
        beside = asyncio.ensure_future(writes.answer(asked(second, f"{MINE.upper()}/federatedIdentityCredentials/b")))
        await asyncio.sleep(0)
        assert beside.done()
        refused = beside.result()
        assert refused.status == 409
        assert refused.document["error"]["code"] == (
            "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"
        )
        assert (await writes.answer(asked("GET", f"{MINE}/federatedIdentityCredentials/b"))).status == 201
        assert (await writes.answer(asked("PUT", MINE))).status == 201
        other = MINE.replace("mine", "theirs")
        another = asyncio.ensure_future(writes.answer(asked("PUT", f"{other}/federatedIdentityCredentials/a")))
        await asyncio.sleep(0)
        assert not first.done()
        done.set()
        assert [(await first).status, (await another).status] == [201, 201]
        assert (await writes.answer(asked(second, f"{MINE}/federatedIdentityCredentials/b"))).status == 201

    asyncio.run(run())
