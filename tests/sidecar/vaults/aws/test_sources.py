"""Which credentials the settings lead to, what a caller sees without any, and how sessions are named."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable, SettingsError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws import sts
from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.aws.settings import AwsSettings
from secret_sidecar.vaults.aws.sources import open_source
from secret_sidecar.vaults.aws.static_keys import StaticKeys
from secret_sidecar.vaults.aws.store import open_store
from secret_sidecar.vaults.identity.refreshing import Refreshing
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar, soon
from tests.sidecar.support.caller import ask

pytestmark = pytest.mark.anyio


async def test_identity_not_available_is_a_503_that_names_stss_code(
    aws: FakeAws, start: StartSidecar, role_settings: Settings
) -> None:
    """The caller sees which role was refused and why, and nothing of the token."""
    aws.tokens = set()
    sidecar = await start(role_settings)
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:identity-unavailable")
    assert (got.json["code"], got.json["identity"]) == ("InvalidIdentityToken", fake_aws.ROLE)
    assert b"token-1" not in got.body


async def test_static_keys_never_change() -> None:
    """And an empty session token is none."""
    source = StaticKeys("AKIA", "secret", None)
    credentials = await source.get(0)
    assert (credentials.expires, credentials.identity) == (None, "access key AKIA")
    assert await source.renew(credentials, 0) is credentials
    await source.close()


async def test_static_keys_go_before_a_role(role_settings: Settings) -> None:
    """As with AWS's own SDKs."""
    both = replace(
        role_settings,
        vault=replace(role_settings.vault_as(AwsSettings), access_key_id="AKIA", secret_access_key="secret"),
    )
    assert isinstance(open_source(both), StaticKeys)


def without_keys(settings: Settings) -> Settings:
    return replace(settings, vault=replace(settings.vault_as(AwsSettings), access_key_id="", secret_access_key=""))


async def test_a_laptop_has_boto3s_chain(
    static_settings: Settings, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With neither keys nor a role set, a profile serves."""
    profile = tmp_path / "credentials"
    profile.write_text(
        f"[default]\naws_access_key_id={fake_aws.STATIC_KEY}\naws_secret_access_key={fake_aws.STATIC_SECRET}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    store = open_store(without_keys(static_settings))
    assert (await store.get("test/database-password", soon())).value == "hunter2-test"
    await store.close()


async def test_a_laptop_without_a_login_is_told_what_to_set(static_settings: Settings) -> None:
    source = open_source(without_keys(static_settings))
    with pytest.raises(IdentityUnavailable, match="set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or"):
        await source.get(soon())


async def test_a_profile_that_does_not_work_is_told(
    static_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name of boto3's error alone."""
    config = tmp_path / "config"
    config.write_text("[default]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    source = open_source(without_keys(static_settings))
    with pytest.raises(IdentityUnavailable, match="boto3's chain: CredentialRetrievalError"):
        await source.get(soon())


@pytest.mark.parametrize(
    ("process", "error"),
    [
        ("/nonexistent/command", "FileNotFoundError"),
        ("/etc", "PermissionError"),
        ("echo s3cr3t", "JSONDecodeError"),
        ("echo []", "AttributeError"),
        ("echo {}", "CredentialRetrievalError"),
        ("printf \\\\377", "UnicodeDecodeError"),
    ],
)
async def test_a_credential_process_that_does_not_work_is_told(
    process: str, error: str, static_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missing, may not be run, or prints something else: by the name of the error, never what it printed."""
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {process}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    source = open_source(without_keys(static_settings))
    with pytest.raises(IdentityUnavailable, match=f"^boto3's chain: {error}$"):
        await source.get(soon())


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (fake_aws.sts_error("AccessDenied", 403), IdentityUnavailable, "AccessDenied"),
        (fake_aws.sts_error("Throttling"), IdentityDelayed, "Throttling"),
    ],
)
async def test_a_role_that_a_profile_may_not_assume_is_told(
    reply: fake_aws.Reply,
    kind: type[IdentityUnavailable],
    code: str,
    static_settings: Settings,
    aws: FakeAws,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With AWS's own code, and whether it may pass."""
    config = tmp_path / "config"
    config.write_text(
        f"[default]\nrole_arn={fake_aws.ROLE}\nsource_profile=mine\nregion={fake_aws.REGION}\nmax_attempts=1\n"
        "[profile mine]\naws_access_key_id=AKIA\naws_secret_access_key=secret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
    aws.sts_faults.extend([reply] * 9)
    source = open_source(without_keys(static_settings))
    with pytest.raises(IdentityUnavailable, match=f"boto3's chain: AssumeRole was refused: {code}") as failure:
        await source.get(soon())
    assert type(failure.value) is kind
    assert failure.value.code == code


async def test_a_profile_that_does_not_exist_ends_the_start(
    static_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With those that there are."""
    config = tmp_path / "config"
    config.write_text("[profile test]\nregion = x\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "tset")
    with pytest.raises(SettingsError, match=r"^AWS_PROFILE='tset': no such profile; expected one of 'test'$"):
        open_source(without_keys(static_settings))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(
        SettingsError, match=r"^AWS_PROFILE='tset': no such profile; expected none, for no file has any$"
    ):
        open_source(without_keys(static_settings))


async def test_a_broken_file_of_profiles_ends_the_start(
    static_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("s3cr3t\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with pytest.raises(SettingsError, match=r"^boto3's chain: ConfigParseError; expected the files of `aws configure`"):
        open_source(without_keys(static_settings))


async def test_an_image_without_boto3_says_so_at_the_start(
    static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sidecar without any credentials does not start."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="no AWS credentials: expected AWS_ROLE_ARN"):
        open_source(without_keys(static_settings))


async def test_a_defect_in_a_source_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An exception that nobody foresaw reaches the reader and the log."""

    class Broken:
        async def obtain(self, deadline: float) -> Credentials:  # noqa: ARG002
            raise RuntimeError

        async def close(self) -> None:
            raise AssertionError

    with pytest.raises(RuntimeError):
        await Refreshing(Broken(), 60).get(soon())
    assert "an internal error of the sidecar" in caplog.text


@given(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True),
    st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,240}[a-z0-9])?", fullmatch=True),
)
def test_a_session_is_named_after_namespace_and_pod(namespace: str, pod: str) -> None:
    """Within IAM's limits, and never without the end of the pod's name."""
    name = sts.session_name(namespace, pod)
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", name)
    assert namespace.startswith(name.partition(".")[0])
    assert name.endswith(pod[-24:])
    if len(namespace) + len(pod) < 64:
        assert name == f"{namespace}.{pod}"


def test_a_session_outside_kubernetes() -> None:
    """A host's name may hold what IAM does not take."""
    assert sts.session_name("", "my host/1") == "my-host-1"
    assert len(sts.session_name("", "x" * 100)) == 64
