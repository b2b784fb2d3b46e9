"""An answer about another secret than the one that was asked for, or another version of it: any vault, same rules.

Such a thing comes when something between shifts the answers of a connection, each to the next request.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from secret_sidecar.errors import BadUpstreamResponse
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.aws.store import AwsStore
from secret_sidecar.vaults.azure.store import AzureStore
from secret_sidecar.vaults.bearer import BearerClient
from secret_sidecar.vaults.gcp.store import GcpStore
from secret_sidecar.vaults.hashicorp.store import VaultStore
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.store import Store
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon

pytestmark = pytest.mark.anyio

JSON = "Content-Type: application/json"


class Same:
    """Always the same credentials."""

    expires = None

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    async def get(self, deadline: float) -> Any:  # noqa: ARG002
        """Return them."""
        return self._credentials

    async def renew(self, refused: Any, deadline: float) -> Any:  # noqa: ARG002
        """Return them."""
        return self._credentials

    async def close(self) -> None:
        """Hold nothing."""


def no_errors(*_: object) -> Any:
    raise AssertionError


def aws(client: Client) -> Store:
    return AwsStore(client, Same(Credentials("AKIAFAKEFAKEFAKEFAKE", "key", None, None, "me")), "eu-central-1")


def azure(client: Client) -> Store:
    return AzureStore(BearerClient("Azure", client, Same(Bearer("t", None, "me")), no_errors))


def gcp(client: Client) -> Store:
    return GcpStore(BearerClient("Google", client, Same(Bearer("t", None, "me")), no_errors), "my-project")


def vault(client: Client) -> Store:
    return VaultStore(client, Same(Bearer("t", None, "me")), "secret", "")


def of_aws(name: str | None, version: int, stage: str = "AWSCURRENT") -> dict[str, Any]:
    named = {} if name is None else {"Name": name}
    return {**named, "VersionId": f"{version:032}", "VersionStages": [stage], "SecretString": "s3cr3t"}


def of_azure(name: str, version: int) -> dict[str, Any]:
    return {"id": f"https://v.example/secrets/{name.replace('/', '--')}/{version:032}", "value": "s3cr3t"}


def of_gcp(name: str, version: int) -> dict[str, Any]:
    data = base64.b64encode(b"s3cr3t").decode()
    return {"name": f"projects/1/secrets/{name.replace('/', '--')}/versions/{version}", "payload": {"data": data}}


def of_vault(version: int) -> dict[str, Any]:
    return {"data": {"metadata": {"version": version}, "data": {"value": "s3cr3t"}}}


NAME = "test/a"
THIRD = f"{3:032}"


@pytest.mark.parametrize(
    ("open_store", "selection", "right", "wrong"),
    [
        (aws, {}, of_aws(NAME, 3), of_aws("test/b", 3)),
        (aws, {}, of_aws(NAME, 3), of_aws(None, 3)),
        (aws, {"version": THIRD}, of_aws(NAME, 3), of_aws(NAME, 2)),
        (aws, {"stage": "AWSPREVIOUS"}, of_aws(NAME, 3, "AWSPREVIOUS"), of_aws(NAME, 3)),
        (azure, {}, of_azure(NAME, 3), of_azure("test/b", 3)),
        (azure, {"version": THIRD}, of_azure(NAME, 3), of_azure(NAME, 2)),
        (gcp, {}, of_gcp(NAME, 3), of_gcp("test/b", 3)),
        (gcp, {"version": "3"}, of_gcp(NAME, 3), of_gcp(NAME, 2)),
        (vault, {"version": "3"}, of_vault(3), of_vault(2)),
    ],
)
async def test_an_answer_about_something_else_gives_no_value_and_ends_its_connection(
    open_store: Callable[[Client], Store], selection: dict[str, str], right: dict[str, Any], wrong: dict[str, Any]
) -> None:
    """The next read is answered over another connection: on this one, each answer may be the one before's."""
    replies = [reply(json.dumps(document).encode(), 200, JSON) for document in (right, wrong, right)]
    async with Scripted(replies, replies) as server:
        store = open_store(Client(Origin("http", "127.0.0.1", server.port)))
        assert (await store.get(NAME, soon(), **selection)).value == "s3cr3t"
        with pytest.raises(BadUpstreamResponse) as bad:
            await store.get(NAME, soon(), **selection)
        assert "s3cr3t" not in str(bad.value)
        assert server.connections == 1
        assert (await store.get(NAME, soon(), **selection)).value == "s3cr3t"
        assert server.connections == 2
        await store.close()


async def test_a_version_of_key_vaults_is_the_same_in_either_case() -> None:
    """Its ids are hexadecimal."""
    document = of_azure(NAME, 3)
    document["id"] = document["id"].replace(THIRD, "ab" * 16)
    async with Scripted([reply(json.dumps(document).encode(), 200, JSON)]) as server:
        store = azure(Client(Origin("http", "127.0.0.1", server.port)))
        assert (await store.get(NAME, soon(), version="AB" * 16)).value == "s3cr3t"
        await store.close()
