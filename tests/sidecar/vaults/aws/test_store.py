"""What the AWS store makes of answers: versions, and descriptions, from which it takes the current one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from secret_sidecar.errors import BadRequest, BadUpstreamResponse, Deleted, NotFound, VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.store import open_store
from secret_sidecar.vaults.store import NewValue, Store
from tests.fakes.aws import FakeAws, Reply
from tests.sidecar.conftest import soon

pytestmark = pytest.mark.anyio

NAME = "test/database-password"


@pytest.fixture
async def store(static_settings: Settings) -> AsyncIterator[Store]:
    """The store with a static key."""
    store = open_store(static_settings)
    yield store
    await store.close()


def described(**members: object) -> Reply:
    """A description."""
    return Reply(200, json.dumps({"Name": NAME, **members}).encode())


async def test_the_current_version_is_the_one_so_labelled(aws: FakeAws, store: Store) -> None:
    """Whatever else is there; and it is what a read gives."""
    aws.put(NAME, "new")
    assert await store.current_version(NAME, soon()) == (await store.get(NAME, soon())).version == aws.versions[NAME]
    stages = {"a": ["AWSPREVIOUS"], "b": ["mine", "AWSCURRENT"], "c": ["AWSPENDING"], "d": None}
    aws.faults.append(described(VersionIdsToStages=stages))
    assert await store.current_version(NAME, soon()) == "b"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (described(), NotFound),
        (described(VersionIdsToStages={}), NotFound),
        (described(VersionIdsToStages={"a": ["AWSPENDING"]}), NotFound),
        (described(VersionIdsToStages=["AWSCURRENT"]), NotFound),
        (described(DeletedDate=1.5e9, VersionIdsToStages={"a": ["AWSCURRENT"]}), Deleted),
        (described(Name="prod/database-password", VersionIdsToStages={"a": ["AWSCURRENT"]}), BadUpstreamResponse),
        (Reply(200, b"[]"), BadUpstreamResponse),
        (Reply(200, b"{}"), BadUpstreamResponse),
        (Reply(200, b"<html>", "text/html"), BadUpstreamResponse),
    ],
    ids=repr,
)
async def test_a_description_without_one(reply: Reply, error: type[VaultError], aws: FakeAws, store: Store) -> None:
    """AWS describes what is marked for deletion too; the call can be found again by its id."""
    aws.faults.append(reply)
    with pytest.raises(error) as caught:
        await store.current_version(NAME, soon())
    assert caught.value.request_id == "request-1"


async def test_what_aws_cannot_look_up_is_not_asked_for(aws: FakeAws, store: Store) -> None:
    """Versions and labels have their lengths."""
    for selection in ({"version": "1"}, {"version": "x" * 65}, {"stage": ""}, {"stage": "x" * 257}):
        with pytest.raises(BadRequest):
            await store.get(NAME, soon(), **selection)
    assert aws.asked == []


async def test_every_write_has_a_token_of_its_own(aws: FakeAws, store: Store) -> None:
    """Two writes of the same value are two versions."""
    versions = {(await store.create("test/new", NewValue("x"), soon())).version}
    versions |= {(await store.put("test/new", NewValue("x"), soon())).version for _ in range(2)}
    assert len(versions) == 3


@pytest.mark.parametrize("version", ["", "a\r\nX-Injected: 1", 'a"b', "\u20ac", "\ud800", "v" * 65, None])
async def test_a_version_that_is_none_is_an_odd_answer(version: str | None, aws: FakeAws, store: Store) -> None:
    """It would stand in a header of ours, and nobody could ask for it."""
    document = {"Name": NAME, "VersionId": version, "SecretString": "s3cr3t"}
    aws.faults.append(Reply(200, json.dumps(document).encode()))
    with pytest.raises(BadUpstreamResponse) as odd:
        await store.get(NAME, soon())
    assert "s3cr3t" not in str(odd.value)
