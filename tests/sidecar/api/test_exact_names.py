"""Secrets that were there before: asked for as `exact:NAME`, with the name that the vault has."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from secret_sidecar.settings import Settings
from tests.fakes.aws import STATIC_KEY, FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask

pytestmark = pytest.mark.anyio

MANAGED = "rds!cluster-2f9b1c3e-0000-4000-8000-000000000000"


@pytest.fixture
def aws(aws: FakeAws) -> FakeAws:
    """One secret that RDS made, and one without a slash."""
    aws.put(MANAGED, '{"username": "admin", "password": "hunter2"}')
    aws.put("MyDbSecret", "hunter3")
    aws.keys[STATIC_KEY] = replace(aws.keys[STATIC_KEY], prefixes=("",))
    return aws


async def test_a_name_of_the_vaults_own_is_read_as_it_is(start: StartSidecar, static_settings: Settings) -> None:
    """No prefix is put before it, and what the answer calls it asks for it again."""
    sidecar = await start(static_settings)
    for name, value in ((MANAGED, "hunter2"), ("MyDbSecret", "hunter3")):
        query = "?key=password" if name == MANAGED else ""
        got = await ask(sidecar.port, f"/v1/secrets/exact:{name}{query}")
        assert (got.status, got.json["name"], got.json["value"]) == (200, f"exact:{name}", value)
        assert (await ask(sidecar.port, f"/v1/secrets/{got.json['name']}")).status == 200
    assert (await ask(sidecar.port, f"/v1/secrets/{MANAGED}")).json["name"] == f"test/{MANAGED}"


async def test_one_secret_has_one_name_in_full(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    """Asked for in three ways, it is read once, and told by its portable name."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.asked.clear()
    names = ["database-password", "test/database-password", "exact:test/database-password"]
    body = json.dumps({"names": names}).encode()
    got = await ask(
        sidecar.port, "/v1/secrets:batchGet", method="POST", body=body, headers={"Content-Type": "application/json"}
    )
    assert [secret["name"] for secret in got.json["secrets"]] == ["test/database-password"]
    assert aws.asked == [("GetSecretValue", "test/database-password")]


async def test_without_a_prefix_a_plain_name_is_exact(start: StartSidecar, static_settings: Settings) -> None:
    """On a laptop, a name means what it says."""
    sidecar = await start(replace(static_settings, namespace="", prefix=""))
    for name in ("MyDbSecret", "exact:MyDbSecret"):
        assert (await ask(sidecar.port, f"/v1/secrets/{name}")).json["name"] == "MyDbSecret"


async def test_what_the_vault_cannot_spell_is_told_with_its_form(
    start: StartSidecar, static_settings: Settings
) -> None:
    got = await ask((await start(static_settings)).port, "/v1/secrets/exact:a:b")
    assert (got.status, got.json["type"]) == (400, "urn:secret-access:problem:bad-name")
    assert "expected after 'exact:' a name of AWS Secrets Manager: 1 to 512" in got.json["detail"]


def test_declared_names_may_be_exact() -> None:
    """And they are told in full."""
    environment = {
        "SECRETS_BACKEND": "gcp",
        "SECRETS_NAMESPACE": "test",
        "GOOGLE_CLOUD_PROJECT": "my-project",
        "SECRETS_NAMES": "database-password, exact:Prod_DB_Password, exact:test--key",
    }
    assert Settings.from_environment(environment).names == (
        "test/database-password",
        "exact:Prod_DB_Password",
        "test/key",
    )
