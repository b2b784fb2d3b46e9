"""AWS's endpoints as the settings have them; where they can, botocore's clients are asked the same."""

from __future__ import annotations

from pathlib import Path

import botocore.session
import pytest

from secret_sidecar.errors import SettingsError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings

SERVICES = ("secretsmanager", "sts")


def aws(**variables: str) -> AwsSettings:
    """AWS's part of an environment's settings."""
    environment = {"SECRETS_BACKEND": "aws", "AWS_REGION": "eu-central-1", **variables}
    vault = Settings.from_environment(environment, Path("/nonexistent")).vault
    assert isinstance(vault, AwsSettings)
    return vault


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "TRUE"},
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_USE_FIPS_ENDPOINT": "false"},
        {"AWS_ENDPOINT_URL": "http://localhost:4566"},
        {"AWS_ENDPOINT_URL": "http://localhost:4566", "AWS_ENDPOINT_URL_STS": "https://sts.example"},
        {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://vpce-1.example:444"},
        {"AWS_ENDPOINT_URL": "http://localhost:4566", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_ENDPOINT_URL_STS": "http://localhost:4566", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
        {
            "AWS_ENDPOINT_URL": "http://localhost:4566",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            "AWS_USE_FIPS_ENDPOINT": "true",
        },
    ],
    ids=lambda variables: " ".join(variables) or "none",
)
def test_the_variables_lead_where_they_lead_botocore(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For both services."""
    for name, value in {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1", **variables}.items():
        monkeypatch.setenv(name, value)
    session = botocore.session.Session()
    for service, action in zip(SERVICES, ("list_secrets", "get_caller_identity"), strict=True):
        client = session.create_client(service, aws_access_key_id="x", aws_secret_access_key="x")
        called = client.generate_presigned_url(action)
        assert called.startswith(f"{aws(**variables).origin(service)}/?"), called


@pytest.mark.parametrize("variable", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
@pytest.mark.parametrize("url", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SECRETS_MANAGER"])
def test_a_kind_of_endpoint_cannot_be_asked_of_a_given_one(variable: str, url: str) -> None:
    """Botocore refuses both together at the first call, we at the start."""
    with pytest.raises(SettingsError, match=f"{variable}='true' cannot hold for http://localhost:4566: expected"):
        aws(**{variable: "true", url: "http://localhost:4566"})


@pytest.mark.parametrize(
    "variable", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]
)
def test_a_flag_is_true_or_false(variable: str) -> None:
    """Nothing else, for botocore takes all else for false."""
    with pytest.raises(SettingsError, match=f"{variable}='yes': expected true or false"):
        aws(**{variable: "yes"})


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SECRETS_AWS_SESSION_DURATION": "899"}, "900 to 43200"),
        ({"SECRETS_AWS_SESSION_DURATION": "43201"}, "900 to 43200"),
        ({"SECRETS_AWS_SESSION_DURATION": "1h"}, "900 to 43200"),
        ({"SECRETS_AWS_SESSION_DURATION": "\u0661\u0660\u0660\u0660"}, "900 to 43200"),
        ({"SECRETS_AWS_REPLICA_REGIONS": "us-west"}, "an AWS region"),
        ({"SECRETS_AWS_REPLICA_REGIONS": "us-west-2,us-west-2"}, "each AWS region once"),
        ({"SECRETS_AWS_REPLICA_REGIONS": "us-west-2,"}, "an AWS region"),
        ({"SECRETS_AWS_REPLICA_REGIONS": "us-west-2,eu-central-1"}, "other regions than AWS_REGION"),
    ],
)
def test_sessions_and_replicas_that_cannot_be_are_refused(variables: dict[str, str], expected: str) -> None:
    """By name, with the form expected."""
    (name,) = variables
    with pytest.raises(SettingsError, match=expected) as refused:
        aws(**variables)
    assert str(refused.value).startswith(f"{name}=")


@pytest.mark.parametrize("role", ["test", "team-a/test", "a!b#c/~/test", "x/" + "r" * 64])
def test_a_role_may_have_any_path_that_iam_takes(role: str) -> None:
    """Printable ASCII between slashes (IAM API, CreateRole)."""
    arn = f"arn:aws:iam::111122223333:role/{role}"
    assert aws(AWS_ROLE_ARN=arn, AWS_WEB_IDENTITY_TOKEN_FILE="/nonexistent").role_arn == arn


@pytest.mark.parametrize("role", ["", "a b", "path/", "a!b", "*", "x/*"])
def test_what_is_no_role_is_refused(role: str) -> None:
    """A name of IAM's characters ends the ARN."""
    with pytest.raises(SettingsError, match=r"AWS_ROLE_ARN=.*expected a role's ARN"):
        aws(AWS_ROLE_ARN=f"arn:aws:iam::111122223333:role/{role}", AWS_WEB_IDENTITY_TOKEN_FILE="/nonexistent")


@pytest.mark.parametrize(
    ("variables", "origin"),
    [
        ({}, "https://secretsmanager.us-west-2.amazonaws.com"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "https://secretsmanager-fips.us-west-2.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, "http://localhost:4566"),
        (
            {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://vpce-1.example"},
            "https://secretsmanager.us-west-2.amazonaws.com",
        ),
    ],
)
def test_a_replica_has_its_own_regions_endpoint(variables: dict[str, str], origin: str) -> None:
    """The endpoint that is for Secrets Manager alone is that of the home region, as a VPC's is."""
    assert str(aws(**variables).replica_origin("us-west-2")) == origin
