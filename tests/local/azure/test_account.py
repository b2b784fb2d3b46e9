"""The laptop's Azure over its own ports, as its owner and as Azure's own client see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

from local import config
from local.azure import account
from local.azure.directory import MANAGEMENT_RESOURCE, TENANT, Directory, RoleAssignment, Vault
from local.azure.refusal import Refused
from local.azure.server import MOST_VAULTS, OWNER, free_address, with_owner
from local.pki import Authority
from local.progress import NotReadyError
from tests.local.azure.running import Server


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The account's settings point to a server on loopback."""
    monkeypatch.setattr(config, "PKI", tmp_path)
    monkeypatch.setattr(account, "FOLDER", tmp_path)
    monkeypatch.setattr(account, "PASSWORD", tmp_path / "owner-secret")
    authority = Authority(tmp_path)
    server = Server(authority, account.make_password().read_text(), {})
    server.begin()
    monkeypatch.setattr(config, "AZURE_URL", server.url)
    yield server
    server.end()


def test_the_owner_seeds_a_vault_that_namespaces_share(running: Server) -> None:
    """What is there stays as it is; names are those that applications know."""
    account.wait()
    account.wait()
    account.put("test/database-password", "hunter2")
    account.seed(["test/database-password", "prod/database-password"])
    values = account.values()
    assert values.keys() == {"test/database-password", "prod/database-password"}
    assert values["test/database-password"] == "hunter2"
    assert account.value("prod/database-password") == values["prod/database-password"] != ""
    (vault,) = running.azure.directory.vaults.values()
    assert vault.name == "secrets-local"


def test_a_namespaces_own_vault_gets_its_secrets(running: Server) -> None:
    """Found by the tag that the stacks give it."""
    account.wait()
    path = account.SHARED_VAULT.replace("secrets-local", "kv-shop")
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}
    wanted: dict[str, Any] = {"location": "westeurope", "properties": properties}
    wanted["tags"] = {"secret-access-namespace": "shop"}
    account.call("PUT", f"{running.url}{path}?{account.VAULTS_API}", wanted, MANAGEMENT_RESOURCE)
    account.seed(["shop/api-key", "test/api-key"])
    own = running.azure.directory.vault_named("kv-shop")
    assert own is not None
    assert list(own.secrets) == ["shop--api-key"]
    assert set(account.values()) == {"shop/api-key", "test/api-key"}


def test_azures_own_client_works_on_the_account(running: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variables that the shell gets; with another secret it is refused."""
    account.wait()
    account.put("test/key", "hunter2")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.ca))
    given = account.environment()
    assert given["ARM_CLIENT_SECRET"] == given["AZURE_CLIENT_SECRET"] == account.password()
    (address,) = running.azure.directory.vaults

    def read(secret: str) -> str | None:
        with (
            ClientSecretCredential(
                given["AZURE_TENANT_ID"],
                given["AZURE_CLIENT_ID"],
                secret,
                authority=given["AZURE_AUTHORITY_HOST"],
                disable_instance_discovery=True,
                retry_total=0,
            ) as credential,
            SecretClient(f"https://{address}", credential, verify_challenge_resource=False, retry_total=0) as client,
        ):
            return client.get_secret("test--key").value

    assert read(given["AZURE_CLIENT_SECRET"]) == "hunter2"
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        read("wrong")


def test_before_there_is_a_server_there_is_no_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "PASSWORD", tmp_path / "owner-secret")
    assert "ARM_CLIENT_SECRET" not in account.environment()
    with pytest.raises(NotReadyError, match="make up"):
        account.password()


def test_the_owners_secret_is_a_file_of_the_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each server has another, and only its user may read it."""
    monkeypatch.setattr(account, "FOLDER", tmp_path)
    monkeypatch.setattr(account, "PASSWORD", tmp_path / "owner-secret")
    first = account.make_password().read_text()
    assert account.make_password().read_text() != first
    assert (tmp_path / "owner-secret").stat().st_mode & 0o777 == 0o600


def test_each_vault_has_an_address_of_its_own_and_there_are_so_many() -> None:
    directory = Directory()
    with_owner(directory, "x")
    assert {one.principal_id for one in directory.assignments} == {OWNER}
    assert isinstance(directory.assignments[0], RoleAssignment)
    for _ in range(MOST_VAULTS):
        directory.vaults[free_address(directory, "10.78.0.1", 4572)] = Vault("kv")
    assert list(directory.vaults)[:2] == ["10.78.0.1:4572", "10.78.0.1:4573"]
    assert len(directory.vaults) == MOST_VAULTS
    with pytest.raises(Refused):
        free_address(directory, "10.78.0.1", 4572)
