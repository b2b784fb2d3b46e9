"""The shared mode's settings: what it needs, and what would give it an identity or belongs to one workload."""

from __future__ import annotations

from pathlib import Path

import pytest

from secret_sidecar.errors import SettingsError
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from tests.fakes.aws_shared import TEMPLATE
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.shared_service import certificate_of

pytestmark = pytest.mark.anyio

MINIMUM = {
    "SECRETS_MODE": "shared",
    "SECRETS_BACKEND": "aws",
    "SECRETS_TLS_CERT_FILE": "/tls/tls.crt",
    "SECRETS_TLS_KEY_FILE": "/tls/tls.key",
    "SECRETS_SHARED_HOSTS": "secrets.platform.svc, Secrets",
    "SECRETS_SHARED_ROLE_ARN": TEMPLATE,
    "AWS_REGION": "us-east-1",
}


def settings_of(folder: Path, **variables: str) -> Settings:
    """The settings of an environment, in a pod whose ServiceAccount's files name a namespace."""
    file = folder / "namespace"
    file.write_text("platform")
    return Settings.from_environment({**MINIMUM, "SECRETS_PORT": "8443", **variables}, file)


def test_the_services_own_namespace_does_not_matter(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert (settings.mode, settings.namespace, settings.prefix) == ("shared", "", "")
    assert (settings.shared_hosts, settings.shared_callers) == (("secrets.platform.svc", "secrets"), 1000)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SECRETS_MODE": "both"}, "SECRETS_MODE='both': expected sidecar or shared"),
        ({"SECRETS_TLS_CERT_FILE": ""}, "SECRETS_TLS_CERT_FILE is not set: expected a file of PEM certificates"),
        ({"SECRETS_TLS_KEY_FILE": ""}, "SECRETS_TLS_KEY_FILE is not set: expected the certificate's key"),
        ({"SECRETS_SHARED_HOSTS": ""}, "SECRETS_SHARED_HOSTS is not set: expected the service's DNS names"),
        ({"SECRETS_SHARED_HOSTS": "a b"}, "SECRETS_SHARED_HOSTS='a b': expected DNS names with commas"),
        ({"SECRETS_SHARED_HOSTS": "*.svc"}, "SECRETS_SHARED_HOSTS=.*: expected DNS names with commas"),
        ({"SECRETS_SHARED_CALLERS": "0"}, "SECRETS_SHARED_CALLERS='0': expected a number, 1 to 999999"),
        ({"SECRETS_TOKEN_FILE": "/t"}, "SECRETS_TOKEN_FILE is set: expected none as SECRETS_MODE='shared', because"),
        ({"SECRETS_PREFIX": "a/"}, "SECRETS_PREFIX is set: expected none as SECRETS_MODE='shared'"),
        ({"SECRETS_NAMESPACE": "a"}, "SECRETS_NAMESPACE is set: expected none as SECRETS_MODE='shared'"),
        ({"SECRETS_NAMES": "a"}, "SECRETS_NAMES is set: expected none as SECRETS_MODE='shared'"),
        ({"SECRETS_SHARED_ROLE_ARN": "arn:aws:iam::111122223333:role/x"}, "SECRETS_SHARED_ROLE_ARN=.*with {namespace}"),
        ({"SECRETS_SHARED_ROLE_ARN": "{namespace}"}, "SECRETS_SHARED_ROLE_ARN='{namespace}': expected a role's ARN"),
        ({"SECRETS_SHARED_ROLE_ARN": TEMPLATE + "{pod}"}, "SECRETS_SHARED_ROLE_ARN=.*expected a role's ARN"),
    ],
)
def test_what_is_wrong_is_told(variables: dict[str, str], message: str, tmp_path: Path) -> None:
    """With variable, value and form."""
    with pytest.raises(SettingsError, match=message):
        settings_of(tmp_path, **variables)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SECRETS_SHARED_ROLE_ARN": ""}, "SECRETS_SHARED_ROLE_ARN is not set: expected each caller's role"),
        (
            {"AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t"},
            "AWS_ROLE_ARN is set: expected no identity of its own",
        ),
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, "AWS_ACCESS_KEY_ID is set: expected no identity"),
        (
            {"SECRETS_AWS_REPLICA_REGIONS": "us-west-2"},
            "SECRETS_AWS_REPLICA_REGIONS is set: expected it in the sidecar",
        ),
        ({"SECRETS_AWS_SESSION_DURATION": "900"}, "SECRETS_AWS_SESSION_DURATION is set: expected it in the sidecar"),
        (
            {"SECRETS_BACKEND": "pass"},
            "SECRETS_MODE='shared' is not available for 'pass': expected",
        ),
        (
            {"SECRETS_TLS_CERT_FILE": "/none"},
            "SECRETS_TLS_CERT_FILE='/none', .*: No such file or directory; exp",
        ),
    ],
)
def test_a_service_does_not_start_with_an_identity_of_its_own(
    variables: dict[str, str], message: str, tmp_path: Path
) -> None:
    """Nor without each caller's, nor for a vault that knows no callers, nor without its certificate."""
    path = str(certificate_of(Authority(tmp_path), tmp_path))
    variables = {"SECRETS_TLS_CERT_FILE": path, "SECRETS_TLS_KEY_FILE": path, "HOME": str(tmp_path), **variables}
    with pytest.raises(SettingsError, match=message):
        Sidecar(settings_of(tmp_path, **variables))
