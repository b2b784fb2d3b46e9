"""Google Cloud's settings: what is understood, and what is refused with key, value and the form expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.gcp.settings import GcpSettings
from secret_sidecar.vaults.gcp.sources import open_source
from tests.fakes.google import GKE_PROVIDER, PROVIDER

NOWHERE = Path("/nonexistent")
MINIMUM = {"SECRETS_BACKEND": "gcp", "GOOGLE_CLOUD_PROJECT": "my-project"}


def settings_of(**variables: str) -> Settings:
    """The settings of an environment that has the required ones."""
    return Settings.from_environment({**MINIMUM, **variables}, NOWHERE)


def test_the_manifests_of_vaultmux_server_run() -> None:
    """Its variables, and its name for the backend."""
    settings = Settings.from_environment({"VAULTMUX_BACKEND": "gcpsecrets", "GCP_PROJECT_ID": "my-project"}, NOWHERE)
    assert (settings.backend, settings.vault_as(GcpSettings).project) == ("gcp", "my-project")


@pytest.mark.parametrize("project", ["my-project", "123456789012", "example.com:my-project"])
def test_a_project_by_id_or_number(project: str) -> None:
    """Old ones have their domain in the id."""
    assert settings_of(GOOGLE_CLOUD_PROJECT=project).vault_as(GcpSettings).project == project


def test_names_are_portable_ones() -> None:
    """The declared ones are checked at the start."""
    settings = settings_of(SECRETS_NAMESPACE="test", SECRETS_NAMES="database-password,shared/key")
    assert settings.names == ("test/database-password", "shared/key")


@pytest.mark.parametrize("provider", [PROVIDER, GKE_PROVIDER])
def test_providers(provider: str) -> None:
    """Of a pool of one's own, and of GKE's."""
    settings = settings_of(GCP_WORKLOAD_IDENTITY_PROVIDER=provider, GCP_TOKEN_FILE="/token")
    assert settings.vault_as(GcpSettings).workload_identity_provider == provider


def test_the_metadata_servers_host() -> None:
    """With or without a port, as Google's own libraries take it."""
    assert settings_of(GCE_METADATA_HOST="localhost:8080").vault_as(GcpSettings).metadata_host == Origin(
        "http", "localhost", 8080
    )
    assert settings_of(GCE_METADATA_HOST="metadata").vault_as(GcpSettings).metadata_host == Origin(
        "http", "metadata", 80
    )


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT is not set: expected a project's id or number, such as"),
        ({"GOOGLE_CLOUD_PROJECT": "My_Project"}, "GOOGLE_CLOUD_PROJECT='My_Project': expected a project's id or"),
        ({"GOOGLE_CLOUD_PROJECT": "", "GCP_PROJECT_ID": "a/b"}, "GCP_PROJECT_ID='a/b': expected a project's id"),
        (
            {"GCP_WORKLOAD_IDENTITY_PROVIDER": "projects/my-project/locations/global/workloadIdentityPools/a"},
            "expected '//iam.googleapis.com/projects/NUMBER/",
        ),
        (
            {"GCP_WORKLOAD_IDENTITY_PROVIDER": PROVIDER.replace("123456789012", "my-project")},
            "expected '//iam.googleapis.com/projects/NUMBER/",
        ),
        ({"GCP_WORKLOAD_IDENTITY_PROVIDER": PROVIDER}, "GCP_TOKEN_FILE is not set though GCP_WORKLOAD_IDENTITY_PROV"),
        ({"GCP_TOKEN_FILE": "/t"}, "GCP_WORKLOAD_IDENTITY_PROVIDER is not set though GCP_TOKEN_FILE is"),
        (
            {"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "test@my-project.iam.gserviceaccount.com"},
            "GCP_WORKLOAD_IDENTITY_PROVIDER is not set though GOOGLE_IMPERSONATE_SERVICE_ACCOUNT is",
        ),
        ({"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "test"}, "='test': expected a service account's email, such as"),
        (
            {
                "GCP_WORKLOAD_IDENTITY_PROVIDER": PROVIDER,
                "GCP_TOKEN_FILE": "/t",
                "GOOGLE_APPLICATION_CREDENTIALS": "/c",
            },
            "GOOGLE_APPLICATION_CREDENTIALS and GCP_WORKLOAD_IDENTITY_PROVIDER are set: expected one of them",
        ),
        ({"GCE_METADATA_HOST": "http://metadata/"}, "GCE_METADATA_HOST='http://metadata/': expected a host"),
        ({"CLOUDSDK_API_ENDPOINT_OVERRIDES_STS": "x"}, "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS='x': expected http://"),
        ({"SECRETS_NAMES": "A_b"}, "SECRETS_NAMES: secret name 'A_b': expected lowercase letters"),
        ({"SECRETS_PREFIX": "Test/"}, "SECRETS_PREFIX='Test/': secret prefix 'Test/': expected lowercase"),
    ],
)
def test_a_wrong_setting_is_told(variables: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        open_source(settings_of(**variables))
    assert message in str(refusal.value)
