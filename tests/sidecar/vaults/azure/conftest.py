"""A fake Azure with a vault for each side, behind TLS, a cluster's issuer, and a pod that is to become somebody."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import pki
from local.azure.directory import TENANT, FederatedCredential, RoleAssignment
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.azure.store import AzureStore, open_store
from tests.fakes.azure import FakeAzure
from tests.fakes.issuer import Issuer

SUBJECT = "system:serviceaccount:test:app"
CLIENT = "33333333-3333-3333-3333-333333333333"
AUDIENCE = "api://AzureADTokenExchange"
NOWHERE = Path("/nonexistent")


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """The cluster's issuer."""
    return Issuer()


@pytest.fixture(scope="session")
def forger() -> Issuer:
    """Somebody who signs in the cluster's name with a key of his own."""
    return Issuer()


@dataclass(frozen=True)
class Tls:
    """A server's context, and the authority to trust."""

    context: ssl.SSLContext
    bundle: Path


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate for both of the vaults' hosts."""
    authority = pki.Authority(tmp_path_factory.mktemp("azure"))
    certificate = authority.server("azure", addresses=["127.0.0.1"], hosts=["localhost"], common_name="azure")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return Tls(context, authority.cert)


@pytest.fixture(autouse=True)
def _clean_azure(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own set-up reaches a test, and the tests' authority is trusted."""
    for variable in list(os.environ):
        if variable.startswith(("AZURE_", "MSI_", "IDENTITY_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.bundle))  # ours
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.bundle))  # Azure's own clients


@pytest.fixture
async def azure(issuer: Issuer, tls: Tls) -> AsyncIterator[FakeAzure]:
    """Namespace test's client may read its vault, kv-test, as our infrastructure grants it."""
    fake = FakeAzure(issuer, tls.context)
    test, prod = fake.vaults.values()
    test.add("test--database-password", "hunter2-test")
    test.add("test--other", "other")
    prod.add("prod--database-password", "hunter2-prod")
    fake.federated[CLIENT] = [FederatedCredential(issuer.url, SUBJECT)]
    fake.assignments.append(RoleAssignment(CLIENT, "Key Vault Secrets User", test.id))
    async with fake.server:
        yield fake


class Pod:
    """What a pod of namespace test is given, under the names that the workload identity webhook uses."""

    def __init__(self, folder: Path, azure: FakeAzure, issuer: Issuer) -> None:
        self.azure = azure
        self.client = CLIENT
        self.token_file = folder / "token"
        self.token_file.write_text(issuer.token(SUBJECT, AUDIENCE))

    def vault_url(self, host: str = "localhost") -> str:
        """The vault at a host."""
        return f"https://{host}:{self.azure.server.port}"

    def settings(self, host: str = "localhost") -> Settings:
        """The settings of a sidecar."""
        environment = {
            "SECRETS_BACKEND": "azure",
            "SECRETS_NAMESPACE": "test",
            "AZURE_KEYVAULT_URL": self.vault_url(host),
            "AZURE_CLIENT_ID": self.client,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_FEDERATED_TOKEN_FILE": str(self.token_file),
            "AZURE_AUTHORITY_HOST": f"{self.azure.server.url}/",
        }
        return Settings.from_environment(environment, NOWHERE)


@pytest.fixture
def pod(tmp_path: Path, azure: FakeAzure, issuer: Issuer) -> Pod:
    """A pod of namespace test."""
    return Pod(tmp_path, azure, issuer)


@pytest.fixture
async def store(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AzureStore]:
    """A store with the pod's identity, at its own vault; a fault of the vault's is none of Entra's."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    pod.azure.server.is_faulty = lambda path: path.startswith("/secrets/")
    store = open_store(pod.settings())
    yield store
    await store.close()
