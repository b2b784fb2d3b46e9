"""AKS identity bindings: the token is exchanged at the cluster's own proxy, trusted by its own authority alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity import WorkloadIdentityCredential
from azure.keyvault.secrets import SecretClient

from local.azure.directory import TENANT
from secret_sidecar.errors import IdentityUnavailable, SettingsError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.azure.settings import AzureSettings
from secret_sidecar.vaults.azure.sources import open_source
from secret_sidecar.vaults.azure.store import open_store
from tests.fakes.azure import FakeAzure
from tests.fakes.azure_token_proxy import AUDIENCE, TokenProxy
from tests.fakes.issuer import Issuer
from tests.sidecar.conftest import soon
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.azure.conftest import CLIENT, NOWHERE, SUBJECT, Pod, Tls

pytestmark = pytest.mark.anyio

NAME = "a1b2c3.ests.aks"
PROXY = "AZURE_KUBERNETES_TOKEN_PROXY"
SNI = "AZURE_KUBERNETES_SNI_NAME"
CA_FILE = "AZURE_KUBERNETES_CA_FILE"
CA_DATA = "AZURE_KUBERNETES_CA_DATA"


@pytest.fixture
def cluster(tmp_path: Path) -> Authority:
    """The cluster's authority, which no machine's own certificates have."""
    (tmp_path / "cluster").mkdir()
    return Authority(tmp_path / "cluster")


class Bound:
    """A pod whose cluster has an identity binding; `environment` is what AKS's webhook sets."""

    def __init__(self, pod: Pod, proxy: TokenProxy, cluster: Authority) -> None:
        self.pod = pod
        self.proxy = proxy
        self.environment = {
            "SECRETS_BACKEND": "azure",
            "SECRETS_NAMESPACE": "test",
            "AZURE_KEYVAULT_URL": pod.vault_url(),
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_FEDERATED_TOKEN_FILE": str(pod.token_file),
            "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
            PROXY: proxy.url,
            SNI: NAME,
            CA_FILE: str(cluster.bundle),
        }

    async def read(self) -> str:
        """Read as the sidecar does."""
        store = open_store(Settings.from_environment(self.environment, NOWHERE))
        try:
            return (await store.get("test/database-password", soon())).value
        finally:
            await store.close()

    async def read_by_azures_client(self, monkeypatch: pytest.MonkeyPatch) -> str:
        """Read as an application with the client library would."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        return await asyncio.to_thread(_official, self.environment["AZURE_KEYVAULT_URL"])


def _official(vault: str) -> str:
    with (
        WorkloadIdentityCredential(enable_azure_proxy=True, disable_instance_discovery=True, retry_total=0) as identity,
        SecretClient(vault, identity, verify_challenge_resource=False, retry_total=0) as client,
    ):
        return f"{client.get_secret('test--database-password').value}"


@asynccontextmanager
async def binding(
    pod: Pod, issuer: Issuer, cluster: Authority, tls: Any = None, path: str = ""
) -> AsyncIterator[Bound]:
    """A cluster whose RBAC lets the pod's ServiceAccount use the client; no federated credential does."""
    pod.azure.federated.clear()
    pod.token_file.write_text(issuer.token(SUBJECT, AUDIENCE))
    proxy = TokenProxy(pod.azure, issuer, tls or cluster.server(NAME), path)
    proxy.allowed[SUBJECT] = {CLIENT}
    async with proxy.server:
        yield Bound(pod, proxy, cluster)


@pytest.fixture
async def bound(pod: Pod, issuer: Issuer, cluster: Authority, azure: FakeAzure) -> AsyncIterator[Bound]:
    async with binding(pod, issuer, cluster) as bound:
        yield bound


async def test_a_pod_reads_by_its_clusters_binding_alone(bound: Bound, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entra is never asked, and Azure's own client is content with the same variables and the same proxy."""
    assert await bound.read() == "hunter2-test"
    assert bound.proxy.names == [NAME]
    assert await bound.read_by_azures_client(monkeypatch) == "hunter2-test"
    assert set(bound.proxy.names) == {NAME}
    assert not [call for call in bound.pod.azure.server.asked if "oauth2" in call]


async def test_certificates_that_the_machine_trusts_are_not_enough(
    pod: Pod, issuer: Issuer, cluster: Authority, tls: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster's are the only root: what the machine trusts may have been shown by anybody on the way."""
    (tmp_path / "public").mkdir()
    public = Authority(tmp_path / "public")
    trusted = tmp_path / "system.pem"
    trusted.write_bytes(tls.bundle.read_bytes() + public.bundle.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with binding(pod, issuer, cluster, public.server(NAME)) as bound:
        with pytest.raises(IdentityUnavailable, match=r"AKS's token proxy: certificate of .* not trusted"):
            await bound.read()
        with pytest.raises((ClientAuthenticationError, ServiceRequestError)):
            await bound.read_by_azures_client(monkeypatch)
        bound.environment[CA_FILE] = str(public.bundle)
        assert await bound.read() == "hunter2-test"


async def test_the_proxys_certificate_must_have_its_own_name(bound: Bound) -> None:
    """That of the API server, behind the same address and authority, is another."""
    bound.environment[SNI] = "other.ests.aks"
    with pytest.raises(IdentityUnavailable, match=r"not trusted: .*[Hh]ostname mismatch"):
        await bound.read()
    del bound.environment[SNI]
    with pytest.raises(IdentityUnavailable, match=r"not trusted: .*IP address mismatch"):
        await bound.read()


async def test_the_certificates_may_be_a_variable_themselves(bound: Bound, cluster: Authority) -> None:
    bound.environment.pop(CA_FILE)
    bound.environment[CA_DATA] = cluster.bundle.read_text()
    assert await bound.read() == "hunter2-test"


async def test_certificates_in_a_variable_are_the_only_ones_too(bound: Bound, tls: Tls) -> None:
    """Other certificates in its place are refused, though the machine's hold others still."""
    bound.environment.pop(CA_FILE)
    bound.environment[CA_DATA] = tls.bundle.read_text()
    with pytest.raises(IdentityUnavailable, match="not trusted"):
        await bound.read()


async def test_certificates_that_changed_are_loaded_again(
    bound: Bound, cluster: Authority, tls: Tls, tmp_path: Path
) -> None:
    """The kubelet writes new ones when the cluster's authority is replaced."""
    (file := tmp_path / "ca.crt").write_bytes(tls.bundle.read_bytes())
    bound.environment[CA_FILE] = str(file)
    source = open_source(Settings.from_environment(bound.environment, NOWHERE))
    with pytest.raises(IdentityUnavailable, match="not trusted"):
        await source._issuer.obtain(soon())  # type: ignore[attr-defined]
    (replaced := tmp_path / "new.crt").write_bytes(cluster.bundle.read_bytes())
    replaced.rename(file)
    assert (await source._issuer.obtain(soon())).identity.startswith(f"client {CLIENT}")  # type: ignore[attr-defined]
    await source.close()


async def test_the_proxy_may_be_behind_a_path(pod: Pod, issuer: Issuer, cluster: Authority) -> None:
    """Entra's own path follows it, as in Azure's clients."""
    async with binding(pod, issuer, cluster, path="/apis/token") as bound:
        assert await bound.read() == "hunter2-test"
        bound.environment[PROXY] += "/"
        assert await bound.read() == "hunter2-test"


async def test_the_clusters_rbac_decides_who_uses_a_client(bound: Bound) -> None:
    """Refused without it, and given with it: nothing else stood in the way."""
    allowed = bound.proxy.allowed.pop(SUBJECT)
    with pytest.raises(IdentityUnavailable, match=f"AKS's token proxy refused client {CLIENT} of tenant") as refused:
        await bound.read()
    assert refused.value.code == "unauthorized_client"
    bound.proxy.allowed[SUBJECT] = allowed
    assert await bound.read() == "hunter2-test"


@pytest.mark.parametrize("wrong", ["forged", "for Entra itself", "expired", "another ServiceAccount's"])
async def test_a_token_that_is_wrong_gives_no_identity(
    wrong: str, bound: Bound, issuer: Issuer, forger: Issuer
) -> None:
    token = {
        "forged": forger.token(SUBJECT, AUDIENCE),
        "for Entra itself": issuer.token(SUBJECT, "api://AzureADTokenExchange"),
        "expired": issuer.token(SUBJECT, AUDIENCE, lifetime=-60),
        "another ServiceAccount's": issuer.token("system:serviceaccount:prod:app", AUDIENCE),
    }[wrong]
    bound.pod.token_file.write_text(token)
    with pytest.raises(IdentityUnavailable, match="AKS's token proxy refused") as error:
        await bound.read()
    assert token not in str(error.value)


COMPLETE = {PROXY: "https://blue.example", CA_DATA: "x"}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({SNI: NAME}, f"{PROXY} is not set though {SNI} is"),
        ({CA_FILE: "/ca.crt"}, f"{PROXY} is not set though {CA_FILE} is"),
        ({CA_DATA: "x"}, f"{PROXY} is not set though {CA_DATA} is"),
        ({PROXY: "https://blue.example"}, f"{CA_FILE} and {CA_DATA} are not set: expected one of them"),
        ({**COMPLETE, CA_FILE: "/ca.crt"}, f"{CA_FILE} and {CA_DATA} are both set: expected one of them"),
        ({**COMPLETE, PROXY: "http://blue.example"}, f"{PROXY}='http://blue.example': expected an https URL"),
        ({**COMPLETE, PROXY: "blue.example"}, f"{PROXY}='blue.example': expected an https URL"),
        ({**COMPLETE, PROXY: "https://blue.example?x=1"}, "expected an https URL without user, query and fragment"),
        ({**COMPLETE, PROXY: "https://blue.example/a#b"}, "expected an https URL without user, query and fragment"),
        ({**COMPLETE, PROXY: "https://ann:s3cr3t@blue.example"}, f"{PROXY}='https://…@blue.example': expected"),
        ({**COMPLETE, PROXY: "https://blue.example/a b"}, "expected an https URL"),
        ({**COMPLETE, SNI: "https://x"}, f"{SNI}='https://x': expected a host's name"),
        ({**COMPLETE, "AZURE_FEDERATED_TOKEN_FILE": ""}, f"AZURE_FEDERATED_TOKEN_FILE is not set though {PROXY} is"),
        (COMPLETE, f"{CA_DATA}=…: "),
        ({PROXY: "https://blue.example", CA_FILE: "/nowhere/ca.crt"}, f"{CA_FILE}='/nowhere/ca.crt': No such file"),
    ],
)
def test_a_wrong_setting_is_told(variables: dict[str, str], message: str) -> None:
    """Before the first request: a pod would start, and never be ready."""
    environment = {
        "SECRETS_BACKEND": "azure",
        "AZURE_KEYVAULT_URL": "https://kv-test.vault.azure.net",
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_FEDERATED_TOKEN_FILE": "/token",
        **variables,
    }
    with pytest.raises(SettingsError) as refusal:
        open_source(Settings.from_environment(environment, NOWHERE))
    assert message in str(refusal.value)
    assert "s3cr3t" not in str(refusal.value)


def test_without_a_binding_nothing_is_different() -> None:
    settings = Settings.from_environment(
        {"SECRETS_BACKEND": "azure", "AZURE_KEYVAULT_URL": "https://kv-test.vault.azure.net"}, NOWHERE
    )
    assert settings.vault_as(AzureSettings).token_proxy is None
