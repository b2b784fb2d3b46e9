"""One real OpenBao for all of these tests, with two namespaces that may each read their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from secret_sidecar.errors import VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.hashicorp.store import VaultStore
from tests.sidecar.conftest import soon
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import Cluster, OpenBao


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signed the server's certificate."""
    return Authority(tmp_path_factory.mktemp("openbao"))


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """Whose tokens the server takes."""
    return Cluster()


@pytest.fixture(scope="session")
def bao(authority: Authority, cluster: Cluster) -> Iterator[OpenBao]:
    """The server: policies of namespaces test and prod, secrets of both."""
    with OpenBao.running(authority.bundle.parent, authority) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        running.trust(cluster)
        for namespace in ("test", "prod"):
            only_own_secrets(running, namespace)
            running.role(namespace)
            running.put(f"{namespace}/database-password", value=f"hunter2-{namespace}")
        yield running


def only_own_secrets(bao: OpenBao, namespace: str) -> None:
    """The policy of a namespace that may read and write its own secrets."""
    bao.policy(
        namespace,
        (f"secret/data/{namespace}/*", "read,create,update,delete"),
        (f"secret/metadata/{namespace}/*", "read"),
    )


class SettingsOf(Protocol):
    """Makes settings of a namespace's sidecar; more variables replace the usual ones."""

    def __call__(self, namespace: str = "test", token: str | None = None, **more: str) -> Settings:
        """Write the token, and return the settings of the environment."""
        ...


@pytest.fixture
def settings_of(bao: OpenBao, cluster: Cluster, tmp_path: Path) -> SettingsOf:
    """What a pod of a namespace is given."""

    def make(namespace: str = "test", token: str | None = None, **more: str) -> Settings:
        path = tmp_path / f"{namespace}-token"
        path.write_text(cluster.token(namespace) if token is None else token)
        environment = {
            "SECRETS_BACKEND": "vault",
            "SECRETS_NAMESPACE": namespace,
            "VAULT_ADDR": bao.url,
            "SECRETS_VAULT_ROLE": namespace,
            "SECRETS_VAULT_JWT_FILE": str(path),
            **more,
        }
        return Settings.from_environment(environment, Path("/nonexistent"))

    return make


async def outcome(store: VaultStore, name: str) -> str:
    """A value, or the kind of error that came instead of it."""
    try:
        return (await store.get(name, soon())).value
    except VaultError as error:
        return type(error).__name__
