"""Regional secrets: another server, other resource names, and no secret of another region, nor a global one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar.errors import BadUpstreamResponse, SettingsError
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.bearer import BearerClient
from secret_sidecar.vaults.gcp.errors import VAULT, error_of
from secret_sidecar.vaults.gcp.settings import GcpSettings
from secret_sidecar.vaults.gcp.store import GcpStore
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.store import NewValue
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.test_other_answers import Same

pytestmark = pytest.mark.anyio

JSON = "Content-Type: application/json"
MINIMUM = {"SECRETS_BACKEND": "gcp", "GOOGLE_CLOUD_PROJECT": "my-project"}


def store_of(server: Scripted, location: str = "europe-west3") -> GcpStore:
    client = Client(Origin("http", "127.0.0.1", server.port))
    return GcpStore(BearerClient(VAULT, client, Same(Bearer("t", None, "me")), error_of), "my-project", location)


def version(parent: str, **more: Any) -> bytes:
    document = {"name": f"projects/1{parent}/secrets/test--a/versions/1", "state": "ENABLED", **more}
    return reply(json.dumps(document).encode(), 200, JSON)


async def test_every_call_is_about_the_regions_secret() -> None:
    """Read, looked at, made, written and deleted."""
    region = "/locations/europe-west3"
    found, done = version(region, payload={"data": "aHVudGVyMg=="}), reply(b"{}", 200, JSON)
    answers = [found, version(region), done, version(region), version(region), done]
    async with Scripted(*[[answer] for answer in answers], hold=False) as server:
        store = store_of(server)
        assert (await store.get("test/a", soon())).value == "hunter2"
        assert await store.current_version("test/a", soon()) == "1"
        await store.create("test/a", NewValue("x"), soon())
        await store.put("test/a", NewValue("x"), soon())
        await store.delete("test/a", soon())
        await store.close()
    secrets = "/v1/projects/my-project/locations/europe-west3/secrets"
    assert [(request.method, request.path) for request in server.requests] == [
        ("GET", f"{secrets}/test--a/versions/latest:access"),
        ("GET", f"{secrets}/test--a/versions/latest"),
        ("POST", secrets),
        ("POST", f"{secrets}/test--a:addVersion"),
        ("POST", f"{secrets}/test--a:addVersion"),
        ("DELETE", f"{secrets}/test--a"),
    ]
    assert json.loads(server.requests[2].body) == {}, "where it is kept, its region says"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("europe-west3", ""),
        ("europe-west3", "/locations/europe-west1"),
        ("", "/locations/europe-west3"),
        ("", "/x"),
    ],
)
async def test_a_secret_of_the_same_name_elsewhere_is_another(asked: str, answered: str) -> None:
    async with Scripted([version(answered, payload={"data": "aHVudGVyMg=="})]) as server:
        store = store_of(server, asked)
        with pytest.raises(BadUpstreamResponse):
            await store.get("test/a", soon())
        await store.close()


def test_the_regions_server() -> None:
    """Another server goes first; a region that is none is refused."""

    def origin(**variables: str) -> str:
        settings = Settings.from_environment({**MINIMUM, **variables}, Path("/nonexistent"))
        return str(settings.vault_as(GcpSettings).secret_manager)

    assert origin() == "https://secretmanager.googleapis.com"
    assert origin(SECRETS_GCP_LOCATION="europe-west3") == "https://secretmanager.europe-west3.rep.googleapis.com"
    override = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": "http://localhost:1"}
    assert origin(SECRETS_GCP_LOCATION="europe-west3", **override) == "http://localhost:1"
    for location in ("Europe", "global", "europe-west3.evil.example/", "europe-west\uff13"):
        with pytest.raises(SettingsError, match=r"SECRETS_GCP_LOCATION=.*: expected a region, such as 'europe-west3'"):
            origin(SECRETS_GCP_LOCATION=location)
