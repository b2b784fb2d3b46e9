"""Reads while the home region does not answer: from replicas, and never what the home region refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from secret_sidecar.errors import BadUpstreamResponse, Denied, NotFound, Throttled, Unavailable, VaultError
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws import replicas
from secret_sidecar.vaults.aws.replicas import ReplicatedStore
from secret_sidecar.vaults.aws.static_keys import StaticKeys
from secret_sidecar.vaults.aws.store import AwsStore, open_store
from secret_sidecar.vaults.store import NewValue
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws, Reply, error
from tests.sidecar.conftest import soon

pytestmark = pytest.mark.anyio

NAME = "test/database-password"
DOWN = Reply(503, b"")


@pytest.fixture
async def replica() -> AsyncIterator[FakeAws]:
    """Secrets Manager in another region."""
    async with FakeAws(secrets={NAME: "of the replica"}) as fake:
        yield fake


@pytest.fixture
async def store(aws: FakeAws, replica: FakeAws, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ReplicatedStore]:
    """Both regions behind one store, with a static key."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    aws.put(NAME, "of home")
    source = StaticKeys(fake_aws.STATIC_KEY, fake_aws.STATIC_SECRET, None)
    home, other = (AwsStore(Client(Origin.parse(fake.url)), source, fake_aws.REGION) for fake in (aws, replica))
    store = ReplicatedStore(home, {"us-west-2": other})
    yield store
    await store.close()


async def read(store: ReplicatedStore) -> str:
    return (await store.get(NAME, soon())).value


async def test_a_home_region_that_answers_is_the_only_one_asked(
    aws: FakeAws, replica: FakeAws, store: ReplicatedStore
) -> None:
    """Nothing is asked twice."""
    assert await read(store) == "of home"
    assert replica.asked == []


async def test_a_home_region_that_fails_is_replaced_until_it_answers_again(
    aws: FakeAws, replica: FakeAws, store: ReplicatedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads, current versions and the readiness probe alike; for some seconds nobody waits for the home region."""
    aws.faults.extend([DOWN] * 4)
    assert await read(store) == "of the replica"
    assert await store.current_version(NAME, soon()) == (await store.get(NAME, soon())).version
    await store.probe(NAME, soon())
    assert aws.asked == []
    monkeypatch.setattr(replicas, "HOME_TRIED_AGAIN", 0.0)
    assert await read(store) == "of home"


async def test_a_home_region_that_hangs_leaves_time_for_the_replica(aws: FakeAws, store: ReplicatedStore) -> None:
    """Half of the time is the replica's."""
    hangs = asyncio.Event()
    aws.faults.append(hangs)
    deadline = asyncio.get_running_loop().time() + 2
    assert (await store.get(NAME, deadline)).value == "of the replica"
    hangs.set()


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (error("AccessDeniedException"), Denied),
        (error("ResourceNotFoundException"), NotFound),
        (Reply(200, b"{}"), BadUpstreamResponse),
    ],
    ids=["denied", "missing", "nonsense"],
)
async def test_what_the_home_region_answers_stands(
    refusal: Reply, kind: type[VaultError], aws: FakeAws, replica: FakeAws, store: ReplicatedStore
) -> None:
    """A right that was revoked, or a secret that was deleted, is not found elsewhere."""
    aws.faults.append(refusal)
    with pytest.raises(kind):
        await read(store)
    assert replica.asked == []


async def test_throttling_is_not_moved_to_another_region(
    aws: FakeAws, replica: FakeAws, store: ReplicatedStore
) -> None:
    """The region answers, and the quota is the account's to raise."""
    aws.faults.extend([error("ThrottlingException")] * 4)
    with pytest.raises(Throttled):
        await read(store)
    assert replica.asked == []


async def test_writes_go_to_the_home_region_alone(aws: FakeAws, replica: FakeAws, store: ReplicatedStore) -> None:
    """AWS lets nobody write a replica; a failure is told."""
    aws.faults.extend([DOWN] * 4)
    with pytest.raises(Unavailable):
        await store.put(NAME, NewValue("new"), soon())
    assert replica.asked == []


async def test_the_home_regions_failure_is_told_if_no_region_answers(
    aws: FakeAws, replica: FakeAws, store: ReplicatedStore
) -> None:
    """The first cause, whatever the others say."""
    aws.faults.extend([Reply(503, b'{"__type": "ServiceUnavailableException"}')] * 4)
    replica.faults.extend([DOWN] * 4)
    with pytest.raises(Unavailable) as failure:
        await read(store)
    assert failure.value.code == "ServiceUnavailableException"


async def test_replicas_are_asked_only_where_settings_name_them() -> None:
    """Each region at its own endpoint, or at the one server that stands for all of AWS."""
    environment = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x"}
    home = open_store(Settings.from_environment({"SECRETS_BACKEND": "aws", **environment}, Path("/nonexistent")))
    assert isinstance(home, AwsStore)
    environment |= {"SECRETS_BACKEND": "aws", "SECRETS_AWS_REPLICA_REGIONS": "us-west-2, eu-west-1"}
    both = open_store(Settings.from_environment(environment, Path("/nonexistent")))
    assert isinstance(both, ReplicatedStore)
    await home.close()
    await both.close()
