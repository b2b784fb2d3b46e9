"""Settings: read once, refused with key, value and the form expected, and none of them undocumented."""

from __future__ import annotations

import os
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from secret_sidecar.__main__ import main
from secret_sidecar.errors import IdentityUnavailable, SettingsError
from secret_sidecar.files import read_file
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from secret_sidecar.vaults.identity.identity_service import token_of_file

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"
MINIMUM = {"SECRETS_BACKEND": "aws", "AWS_REGION": "us-east-1"}
NOWHERE = Path("/nonexistent")


def settings_of(namespace_file: Path = NOWHERE, /, **variables: str) -> Settings:
    """The settings of an environment that has the required ones."""
    return Settings.from_environment({**MINIMUM, **variables}, namespace_file)


def test_the_defaults() -> None:
    """Backend and region are required, nothing else."""
    settings = settings_of()
    assert (settings.backend, settings.vault_as(AwsSettings).region) == ("aws", "us-east-1")
    assert (settings.port, settings.health_port, settings.timeout) == (8080, 8081, 5.0)
    assert (settings.namespace, settings.prefix, settings.names) == ("", "", ())
    assert settings.vault_as(AwsSettings).endpoint_url is None


def test_everything_that_a_pod_is_given() -> None:
    """The variables that the infrastructure sets."""
    settings = settings_of(
        SECRETS_NAMESPACE="test",
        SECRETS_PREFIX="team/test/",
        SECRETS_POD_NAME="app-1",
        SECRETS_NAMES="database-password, shared/key ,",
        SECRETS_PORT="1",
        SECRETS_HEALTH_PORT="65535",
        SECRETS_TIMEOUT="0.5",
        AWS_ROLE_ARN="arn:aws-cn:iam::111122223333:role/path/test",
        AWS_WEB_IDENTITY_TOKEN_FILE="/token",
        AWS_ENDPOINT_URL="http://10.78.0.1:4566",
        AWS_ENDPOINT_URL_STS="https://sts.example/",
    )
    assert settings.names == ("team/test/database-password", "shared/key")
    assert (settings.port, settings.health_port, settings.timeout) == (1, 65535, 0.5)
    assert settings.vault_as(AwsSettings).web_identity_token_file == Path("/token")
    assert settings.vault_as(AwsSettings).endpoint_url == Origin("http", "10.78.0.1", 4566)
    assert settings.vault_as(AwsSettings).endpoint_url_sts == Origin("https", "sts.example", 443)


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        settings_of().port = 1  # type: ignore[misc]


def test_the_manifests_of_vaultmux_server_run() -> None:
    """VAULTMUX_BACKEND and its values are understood; our own variable goes first."""
    assert Settings.from_environment({"VAULTMUX_BACKEND": "awssecrets", "AWS_REGION": "us-east-1"}).backend == "aws"
    assert settings_of(VAULTMUX_BACKEND="pass").backend == "aws"


def test_the_regions_other_variable() -> None:
    """AWS_DEFAULT_REGION serves where AWS_REGION is not set, or is empty."""
    assert settings_of(AWS_REGION="", AWS_DEFAULT_REGION="eu-central-1").vault_as(AwsSettings).region == "eu-central-1"


def test_the_namespace_is_found_in_the_pod(tmp_path: Path) -> None:
    """The ServiceAccount's file tells it, and with it the prefix; what is set goes first."""
    (file := tmp_path / "namespace").write_text("test\n")
    assert (settings_of(file).namespace, settings_of(file).prefix) == ("test", "test/")
    assert settings_of(file, SECRETS_NAMESPACE="prod").prefix == "prod/"


def test_static_keys() -> None:
    """With or without a session token."""
    settings = settings_of(AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY="s3cr3t", AWS_SESSION_TOKEN="t0k3n")
    aws = settings.vault_as(AwsSettings)
    assert (aws.secret_access_key, aws.session_token) == ("s3cr3t", "t0k3n")
    assert "s3cr3t" not in repr(settings)
    assert "t0k3n" not in repr(settings)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SECRETS_BACKEND": ""}, "SECRETS_BACKEND is not set: expected one of aws"),
        ({"SECRETS_BACKEND": "ibm"}, "SECRETS_BACKEND='ibm': expected one of aws, gcp, azure, vault, pass"),
        ({"SECRETS_BACKEND": "", "VAULTMUX_BACKEND": "bitwarden"}, "VAULTMUX_BACKEND='bitwarden': expected one of"),
        ({"AWS_REGION": ""}, "AWS_REGION is not set: expected an AWS region, such as"),
        ({"AWS_REGION": "useast1"}, "AWS_REGION='useast1': expected an AWS region, such as"),
        ({"SECRETS_NAMESPACE": "*"}, "SECRETS_NAMESPACE='*': namespace '*': expected one Kubernetes namespace"),
        ({"SECRETS_PREFIX": "test"}, "SECRETS_PREFIX='test': secret prefix 'test' also covers 'test-other': expected"),
        ({"SECRETS_NAMESPACE": "a--b"}, "SECRETS_PREFIX is not set and namespace 'a--b' has no default prefix"),
        ({"SECRETS_NAMES": "ok,n:ok"}, "SECRETS_NAMES: secret name 'n:ok': expected 1 to 512"),
        ({"SECRETS_PORT": "0"}, "SECRETS_PORT='0': expected a port, 1 to 65535"),
        ({"SECRETS_PORT": "http"}, "SECRETS_PORT='http': expected a port, 1 to 65535"),
        ({"SECRETS_HEALTH_PORT": "8080"}, "SECRETS_HEALTH_PORT=8080: expected another port than SECRETS_PORT's"),
        ({"SECRETS_TIMEOUT": "0"}, "SECRETS_TIMEOUT='0': expected seconds, more than 0 and at most 60"),
        ({"SECRETS_TIMEOUT": "nan"}, "SECRETS_TIMEOUT='nan': expected seconds"),
        ({"SECRETS_CACHE_TTL": "-1"}, "SECRETS_CACHE_TTL='-1': expected seconds, 0 to 3600"),
        ({"SECRETS_CACHE_TTL": "nan"}, "SECRETS_CACHE_TTL='nan': expected seconds, 0 to 3600"),
        ({"SECRETS_STALE_IF_ERROR": "1d"}, "SECRETS_STALE_IF_ERROR='1d': expected seconds, 0 to 86400"),
        ({"SECRETS_METRICS_NAMES": "yes"}, "SECRETS_METRICS_NAMES='yes': expected true or false"),
        ({"SECRETS_TIMEOUT": "5s"}, "SECRETS_TIMEOUT='5s': expected seconds"),
        ({"SECRETS_TIMEOUT": "\uff15"}, "SECRETS_TIMEOUT='\uff15': expected seconds"),
        ({"SECRETS_CACHE_TTL": "1_0"}, "SECRETS_CACHE_TTL='1_0': expected seconds"),
        ({"AWS_REGION": "eu-central-\uff11"}, "AWS_REGION='eu-central-\uff11': expected an AWS region"),
        ({"AWS_ENDPOINT_URL": "http://localhost:0"}, "AWS_ENDPOINT_URL='http://localhost:0': expected http:// or"),
        ({"AWS_ENDPOINT_URL": "https://пример.рф"}, "AWS_ENDPOINT_URL='https://пример.рф': expected http:// or"),
        ({"AWS_ENDPOINT_URL": "https://a b"}, "AWS_ENDPOINT_URL='https://a b': expected http"),
        ({"AWS_ENDPOINT_URL": "https://a%20b"}, "AWS_ENDPOINT_URL='https://a%20b': expected http"),
        ({"HTTPS_PROXY": "http://пример.рф:3128"}, "HTTPS_PROXY=…: expected http://HOST:PORT"),
        ({"HTTPS_PROXY": "http://proxy:0"}, "HTTPS_PROXY=…: expected http://HOST:PORT"),
        ({"SECRETS_POD_NAME": "\udcff"}, r"SECRETS_POD_NAME='\udcff': expected text in UTF-8"),
        ({"AWS_SECRET_ACCESS_KEY": "\udcff"}, "AWS_SECRET_ACCESS_KEY=…: expected printable"),
        ({"AWS_SECRET_ACCESS_KEY": "ключ"}, "AWS_SECRET_ACCESS_KEY=…: expected printable"),
        ({"AWS_ROLE_ARN": "test"}, "AWS_ROLE_ARN='test': expected a role's ARN, such as"),
        (
            {"AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/t"},
            "AWS_WEB_IDENTITY_TOKEN_FILE is not set though AWS_ROLE",
        ),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, "AWS_ROLE_ARN is not set though AWS_WEB_IDENTITY_TOKEN_FILE is"),
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, "AWS_SECRET_ACCESS_KEY is not set though AWS_ACCESS_KEY_ID is"),
        ({"AWS_SECRET_ACCESS_KEY": "s3cr3t"}, "AWS_ACCESS_KEY_ID is not set though AWS_SECRET_ACCESS_KEY is"),
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, "AWS_ENDPOINT_URL='localhost:4566': expected http:// or https://"),
    ],
)
def test_a_wrong_setting_is_told_with_key_value_and_form(variables: dict[str, str], message: str) -> None:
    """The reader knows what to change; a secret is never shown."""
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({**MINIMUM, **variables}, NOWHERE)
    assert str(refusal.value).startswith(message)
    assert "s3cr3t" not in str(refusal.value)


@pytest.mark.parametrize("names", [names for names, _, _ in Settings.variables()], ids=lambda names: str(names[0]))
def test_every_setting_is_documented(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """In docs/operating.md and in --help, aliases too."""
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    document = DOCUMENT.read_text(encoding="utf-8")
    for name in names:
        assert name in shown
        assert f"`{name}`" in document


@pytest.mark.parametrize(
    ("backend", "variable"),
    [
        ("aws", "AWS_ACCESS_KEY_ID"),
        ("aws", "AWS_SESSION_TOKEN"),
        ("aws", "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        ("vault", "VAULT_TOKEN"),
    ],
)
@pytest.mark.parametrize("text", ["s3cr3t\nX: 1", "s3cr3t\u201d", "s3cr3t\udcff"])
def test_what_no_header_can_hold_is_no_token(backend: str, variable: str, text: str) -> None:
    """It is found out at the start, not by every request; what was given is not shown where it is a secret."""
    variables = {
        "SECRETS_BACKEND": backend,
        "AWS_REGION": "eu-central-1",
        "VAULT_ADDR": "https://vault.example",
        variable: text,
    }
    with pytest.raises(SettingsError, match=rf"{variable}=.*expected printable ASCII") as refusal:
        Settings.from_environment(variables, Path("/nonexistent"))
    assert variable == "AWS_ACCESS_KEY_ID" or "s3cr3t" not in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "backend"),
    [
        ("SECRETS_TOKEN_FILE", "aws"),
        ("SECRETS_TLS_CERT_FILE", "aws"),
        ("SECRETS_TLS_KEY_FILE", "aws"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "aws"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "aws"),
        ("AWS_CA_BUNDLE", "aws"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "gcp"),
        ("GCP_TOKEN_FILE", "gcp"),
        ("AZURE_FEDERATED_TOKEN_FILE", "azure"),
        ("SECRETS_VAULT_JWT_FILE", "vault"),
        ("VAULT_CACERT", "vault"),
    ],
)
def test_a_file_that_would_be_waited_for_is_refused(variable: str, backend: str, tmp_path: Path) -> None:
    """A FIFO never ends, and a folder holds no token; one that is not there yet may still come."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path):
        with pytest.raises(SettingsError, match=f"{variable}='{path}': expected a regular file"):
            settings_of(NOWHERE, SECRETS_BACKEND=backend, **{variable: str(path)})


def test_a_fifo_that_takes_a_files_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Whoever reads it later gets an error at once."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="not a regular file"):
        read_file(tmp_path / "fifo", 100)
    with pytest.raises(IdentityUnavailable, match="not a regular file"):
        token_of_file(tmp_path / "fifo", "me")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("prüfung".encode(), "is not ASCII"),
        (b"\xff\xfe", "is not ASCII"),
        (b"*", r"holds no namespace: namespace '\*'"),
        (b"", "holds no namespace"),
    ],
)
def test_a_namespace_file_that_holds_none(content: bytes, reason: str, tmp_path: Path) -> None:
    """The error says which file, and what can be set instead."""
    (file := tmp_path / "namespace").write_bytes(content)
    with pytest.raises(SettingsError, match=f"SECRETS_NAMESPACE is not set and {file} {reason}"):
        settings_of(file)
    assert settings_of(file, SECRETS_NAMESPACE="test").namespace == "test"
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        settings_of(tmp_path)


@pytest.mark.parametrize(
    ("variable", "backend"),
    [
        ("AWS_ENDPOINT_URL", "aws"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "aws"),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "gcp"),
        ("GCE_METADATA_HOST", "gcp"),
        ("AZURE_KEYVAULT_URL", "azure"),
        ("AZURE_AUTHORITY_HOST", "azure"),
        ("VAULT_ADDR", "vault"),
    ],
)
@pytest.mark.parametrize(
    "user",
    ["user:p4ssw0rd", "https://user:p4ssw0rd", "https://u:p4ss@w0rd", "https://u:p4ss/w0rd?", "https://u:p4ss:w0rd#"],
)
def test_a_password_in_a_url_is_not_shown(variable: str, backend: str, user: str) -> None:
    """No vault wants one there, so it is refused; but not in its own words."""
    with pytest.raises(SettingsError, match=variable) as refusal:
        settings_of(NOWHERE, SECRETS_BACKEND=backend, **{variable: f"{user}@vault.example"})
    assert "p4ss" not in str(refusal.value)
    assert "vault.example" in str(refusal.value)
