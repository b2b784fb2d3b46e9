"""Credential configurations: what a pod has no use for is refused at the start."""

from __future__ import annotations

from typing import Any

import pytest

from secret_sidecar.errors import SettingsError
from secret_sidecar.vaults.gcp.sources import open_source
from tests.sidecar.vaults.gcp.conftest import Pod

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"audience": None}, "a JSON string as 'audience'"),
        ({"credential_source": {"url": "http://169.254.169.254/"}}, "a credential_source with a 'file'"),
        ({"credential_source": {"environment_id": "aws1"}}, "a credential_source with a 'file'"),
        ({"credential_source": {"executable": {"command": "rm"}}}, "a credential_source with a 'file'"),
        ({"credential_source": "x"}, "a JSON object as 'credential_source'"),
        ({"credential_source": {"file": "x", "format": {"type": "json"}}}, "with a subject_token_field_name"),
        ({"token_url": "sts.googleapis.com"}, "a URL with a path"),
        ({"token_url": "ftp://x/y"}, "http:// or https://"),
        ({"token_url": "https://x/y?z"}, "a URL with a path"),
        ({"service_account_impersonation_url": "x"}, "a URL with a path"),
        (
            {
                "service_account_impersonation_url": "https://x/y",
                "service_account_impersonation": {"token_lifetime_seconds": 1},
            },
            "token_lifetime_seconds from 600 to 43200",
        ),
    ],
)
async def test_a_file_that_a_pod_has_no_use_for(members: dict[str, Any], message: str, pod: Pod) -> None:
    """The file, and what was expected of it; nothing is run, and no other server is asked for a token."""
    pod.configure(**members)
    with pytest.raises(SettingsError, match=message) as error:
        open_source(pod.settings())
    assert str(error.value).startswith(f"GOOGLE_APPLICATION_CREDENTIALS='{pod.configuration}': ")


URL = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:generateAccessToken"


@pytest.mark.parametrize(
    "members",
    [
        {"service_account_impersonation": None},
        {"service_account_impersonation_url": None},
        {"service_account_impersonation_url": URL, "service_account_impersonation": None},
        {"service_account_impersonation_url": URL, "service_account_impersonation": {"token_lifetime_seconds": None}},
        {"credential_source": {"file": "/token", "format": None}},
    ],
)
async def test_a_member_that_is_null_is_as_good_as_none(members: dict[str, Any], pod: Pod) -> None:
    """As google-auth reads it: some tools write every member there is."""
    pod.configure(**members)
    source = open_source(pod.settings())
    assert source.expires is None
    await source.close()


@pytest.mark.parametrize(
    ("impersonation", "message"),
    [
        ([], "a JSON object as 'service_account_impersonation'"),
        ("x", "a JSON object as 'service_account_impersonation'"),
        ({"token_lifetime_seconds": "3600"}, "a JSON number without a fraction as 'token_lifetime_seconds'"),
        ({"token_lifetime_seconds": True}, "token_lifetime_seconds from 600 to 43200"),
    ],
)
async def test_an_impersonation_that_is_none(impersonation: Any, message: str, pod: Pod) -> None:
    pod.configure(service_account_impersonation_url=URL, service_account_impersonation=impersonation)
    with pytest.raises(SettingsError, match=message):
        open_source(pod.settings())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"{", "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
        (b'{"type": "external_account"}', "no 'credential_source'"),
    ],
    ids=["missing", "broken", "nested", "no text", "incomplete"],
)
async def test_a_file_that_is_none(content: bytes | None, message: str, pod: Pod) -> None:
    """Missing, broken, or without what it needs."""
    pod.configuration.unlink()
    if content is not None:
        pod.configuration.write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        open_source(pod.settings())
