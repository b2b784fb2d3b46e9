"""A fake Google Cloud with one secret on each side, a cluster's issuer, and a pod that is to become somebody."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar.settings import Settings
from tests.fakes import google as fakes
from tests.fakes.google import GKE_POOL, GKE_PROVIDER, NUMBER, PROJECT, PROVIDER, FakeGoogle, Stored, members
from tests.fakes.issuer import Issuer

SUBJECT = "system:serviceaccount:test:app"
ACCOUNT = f"test@{PROJECT}.iam.gserviceaccount.com"
NOWHERE = Path("/nonexistent")
# Not Google's own: its client would look up at Google's own servers where such a token may be used.
UNIVERSE = "universe.example"


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """The cluster's issuer."""
    return Issuer()


@pytest.fixture(scope="session")
def forger() -> Issuer:
    """Somebody who signs in the cluster's name with a key of his own."""
    return Issuer()


@pytest.fixture(autouse=True)
def _clean_google(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own set-up reaches a test."""
    for variable in list(os.environ):
        if variable.startswith(("GOOGLE_", "GCP_", "GCE_", "GCLOUD_", "CLOUDSDK_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", UNIVERSE)


def binding(member: str, prefix: str, role: str = "roles/secretmanager.secretAccessor") -> dict[str, Any]:
    """A role on the secrets of a prefix, as our infrastructure grants it."""
    expression = f'resource.name.startsWith("projects/{NUMBER}/secrets/{prefix}")'
    condition = {"title": "own-secrets", "expression": expression}
    return {"role": role, "members": [member], "condition": condition}


@pytest.fixture
async def google(issuer: Issuer) -> AsyncIterator[FakeGoogle]:
    """Namespace test may read what starts with `test--`, in whichever way it came to its identity."""
    fake = FakeGoogle(issuer)
    for name, value in {
        "test--database-password": b"hunter2-test",
        "prod--database-password": b"hunter2-prod",
        "test--key": b"\x00\x01\xfe\xff",
    }.items():
        fake.secrets[name] = Stored([value])
    (direct,) = members(PROVIDER, SUBJECT)
    on_gke = f"serviceAccount:{GKE_POOL}[test/app]"
    identities = (direct, on_gke, f"serviceAccount:{ACCOUNT}", *fake.machine)
    fake.bindings = [binding(member, "test--") for member in identities]
    fake.account_bindings[ACCOUNT] = [{"role": "roles/iam.workloadIdentityUser", "members": [direct]}]
    async with fake.server:
        yield fake


class Pod:
    """What a pod of namespace test is given: a token file, and a credential configuration that names it."""

    def __init__(self, folder: Path, google: FakeGoogle, issuer: Issuer) -> None:
        self.google = google
        self.token_file = folder / "token"
        self.configuration = folder / "credentials.json"
        self.token_file.write_text(issuer.token(SUBJECT, f"https:{PROVIDER}"))
        self.configure()

    def configure(self, audience: str = PROVIDER, account: str | None = None, **members: Any) -> None:
        """Write the configuration as `gcloud iam workload-identity-pools create-cred-config` does."""
        url = self.google.server.url
        document: dict[str, Any] = {
            "universe_domain": UNIVERSE,
            "type": "external_account",
            "audience": audience,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{url}/v1/token",
            "credential_source": {"file": str(self.token_file), "format": {"type": "text"}},
            **members,
        }
        if account:
            path = f"/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
            document["service_account_impersonation_url"] = url + path
        self.configuration.write_text(json.dumps(document))

    def on_gke(self, issuer: Issuer) -> None:
        """Become what a pod is whose cluster is GKE."""
        self.token_file.write_text(issuer.token(SUBJECT, GKE_POOL))
        self.configure(GKE_PROVIDER)

    def environment(self, **variables: str) -> dict[str, str]:
        """The sidecar's environment."""
        return {
            "SECRETS_BACKEND": "gcp",
            "SECRETS_NAMESPACE": "test",
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": self.google.server.url,
            **variables,
        }

    def settings(self, **variables: str) -> Settings:
        """The settings of a sidecar with the credential configuration, or with the variables given instead of it."""
        variables = variables or {"GOOGLE_APPLICATION_CREDENTIALS": str(self.configuration)}
        return Settings.from_environment(self.environment(**variables), NOWHERE)


@pytest.fixture
def pod(tmp_path: Path, google: FakeGoogle, issuer: Issuer) -> Pod:
    """A pod of namespace test."""
    return Pod(tmp_path, google, issuer)


__all__ = ["ACCOUNT", "SUBJECT", "Pod", "binding", "fakes"]
