"""How a pod becomes somebody at Google: plain settings, files of either form, the metadata server; what goes wrong."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from secret_sidecar.errors import IdentityUnavailable, SettingsError
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.gcp.laptop import Laptop
from secret_sidecar.vaults.gcp.sources import open_source
from secret_sidecar.vaults.gcp.store import open_store
from secret_sidecar.vaults.identity.credentials import Bearer
from tests.fakes.google import GKE_POOL, GKE_PROVIDER, PROVIDER, FakeGoogle, members
from tests.fakes.issuer import Issuer
from tests.fakes.server import Fault, Reply
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.gcp.conftest import ACCOUNT, SUBJECT, Pod

pytestmark = pytest.mark.anyio

OWN = "test/database-password"
(PRINCIPAL,) = members(PROVIDER, SUBJECT)


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)


async def read(settings: Settings) -> tuple[str, str | None]:
    """A secret's value, and who read it."""
    store = open_store(settings)
    try:
        secret = await store.get(OWN, soon())
        return secret.value, secret.identity
    finally:
        await store.close()


async def bearer(pod: Pod) -> Bearer:
    """The token that the pod's configuration gives."""
    source = open_source(pod.settings())
    try:
        return await source.get(soon())
    finally:
        await source.close()


def plain(pod: Pod, provider: str = PROVIDER, **variables: str) -> Settings:
    """A sidecar without a credential configuration."""
    url = pod.google.server.url
    return pod.settings(
        GCP_WORKLOAD_IDENTITY_PROVIDER=provider,
        GCP_TOKEN_FILE=str(pod.token_file),
        CLOUDSDK_API_ENDPOINT_OVERRIDES_STS=url,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS=url,
        **variables,
    )


async def test_settings_alone_do_what_a_file_does(pod: Pod) -> None:
    """Directly, and as a service account."""
    assert await read(plain(pod)) == ("hunter2-test", PRINCIPAL)
    assert await read(plain(pod, GOOGLE_IMPERSONATE_SERVICE_ACCOUNT=ACCOUNT)) == ("hunter2-test", ACCOUNT)


async def test_gkes_own_pool_by_settings(pod: Pod, issuer: Issuer) -> None:
    """The identity is spelled as a binding does."""
    pod.token_file.write_text(issuer.token(SUBJECT, GKE_POOL))
    assert await read(plain(pod, GKE_PROVIDER)) == (
        "hunter2-test",
        f"serviceAccount:{GKE_POOL}[test/app]",
    )


async def test_a_token_may_be_a_field_of_a_json_file(pod: Pod) -> None:
    """The other form that a credential configuration has for files."""
    token = pod.token_file.read_text()
    form = {"type": "json", "subject_token_field_name": "token"}
    pod.configure(credential_source={"file": str(pod.token_file), "format": form})
    pod.token_file.write_text(json.dumps({"token": token}))
    assert await read(pod.settings()) == ("hunter2-test", PRINCIPAL)
    pod.token_file.write_text(json.dumps({"other": token}))
    with pytest.raises(IdentityUnavailable, match="expected a JSON object with a token as 'token'"):
        await read(pod.settings())


async def test_a_service_accounts_token_lives_as_long_as_asked(pod: Pod) -> None:
    """And its end is the one that IAM says."""
    pod.google.lifetime = 600
    pod.configure(account=ACCOUNT, service_account_impersonation={"token_lifetime_seconds": 600})
    token = await bearer(pod)
    expires = pod.google.tokens[token.token].expires
    assert token.expires == pytest.approx(expires, abs=1)


async def test_the_metadata_server(pod: Pod, google: FakeGoogle) -> None:
    """Both sides show the header that no browser sends."""
    host = f"localhost:{google.server.port}"
    (machine,) = google.machine
    assert await read(pod.settings(GCE_METADATA_HOST=host)) == (
        "hunter2-test",
        machine.removeprefix("serviceAccount:"),
    )


FLAVOR = {"Metadata-Flavor": "Google"}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Reply(b"me@example.com"), "is not a metadata server: expected the header Metadata-Flavor: Google"),
        (Reply(b"<html>", 404, FLAVOR), "no default service account: HTTP 404"),
        (b"SSH-2.0\r\n\r\n", "did not answer in HTTP/1.1"),
    ],
)
async def test_what_is_no_metadata_server(fault: Fault, message: str, pod: Pod, google: FakeGoogle) -> None:
    """Another server in its place gets nowhere."""
    google.server.faults.append(fault)
    with pytest.raises(IdentityUnavailable, match=message):
        await read(pod.settings(GCE_METADATA_HOST=f"localhost:{google.server.port}"))


@pytest.mark.parametrize("fault", [None, Reply(b"", 503), Reply(b"", 429)])
async def test_a_metadata_server_that_is_not_up_yet(fault: Fault, pod: Pod, google: FakeGoogle) -> None:
    """GKE's starts beside the pod."""
    google.server.faults.extend([fault, fault])
    assert (await read(pod.settings(GCE_METADATA_HOST=f"localhost:{google.server.port}")))[0] == "hunter2-test"


@pytest.mark.parametrize(
    "document", [{}, {"access_token": "x", "expires_in": 0}, {"access_token": "a b", "expires_in": 9}, [], b"x"]
)
async def test_what_is_no_token(document: Any, pod: Pod, google: FakeGoogle) -> None:
    """Of the metadata server, and of the exchange."""
    google.server.faults.extend([Reply(b"me", 200, FLAVOR), Reply(document, 200, FLAVOR)])
    with pytest.raises(IdentityUnavailable, match="something other than a token"):
        await read(pod.settings(GCE_METADATA_HOST=f"localhost:{google.server.port}"))
    google.server.faults.append(Reply(document))
    with pytest.raises(IdentityUnavailable, match="HTTP 200"):
        await bearer(pod)


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Reply(b"<html>", 502, content_type="text/html"),
        Reply({"error": "temporarily_unavailable"}, 400),
        Reply({"error": {"code": 503, "status": "UNAVAILABLE"}}, 400),
    ],
)
@pytest.mark.parametrize("account", [None, ACCOUNT])
async def test_what_passes_is_tried_again(fault: Fault, account: str | None, pod: Pod, google: FakeGoogle) -> None:
    """At the exchange, and where the service account's token is made."""
    pod.configure(account=account)
    google.server.is_faulty = lambda path: path.endswith("generateAccessToken" if account else "/token")
    google.server.faults.extend([fault, fault])
    assert (await read(pod.settings()))[0] == "hunter2-test"


def iam(code: str, reason: str | None = None) -> Reply:
    """A refusal of IAM's."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    return Reply({"error": {"status": code, "message": "s3cr3t", "details": details}}, 403)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Reply({"error": "invalid_grant", "error_description": "s3cr3t"}, 400), "invalid_grant"),
        (Reply({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "s3cr3t"}}, 403), "PERMISSION_DENIED"),
        (Reply({"accessToken": "x", "expireTime": "tomorrow"}), None),
        (Reply(b"s3cr3t", 404), None),
    ],
)
@pytest.mark.parametrize("account", [None, ACCOUNT])
async def test_what_does_not_pass_is_told(
    fault: Fault, code: str | None, account: str | None, pod: Pod, google: FakeGoogle
) -> None:
    """Once, with Google's code and the identity, and nothing more."""
    pod.configure(account=account)
    google.server.is_faulty = lambda path: path.endswith("generateAccessToken" if account else "/token")
    google.server.faults.append(fault)
    with pytest.raises(IdentityUnavailable) as error:
        await bearer(pod)
    assert (error.value.code, error.value.identity) == (code, account or PROVIDER)
    assert "s3cr3t" not in str(error.value)
    assert not google.server.faults


NEW = "if the pool, its provider or the binding is new, it takes some minutes to act"


@pytest.mark.parametrize(
    ("account", "fault", "is_told"),
    [
        (None, Reply({"error": "invalid_target"}, 400), True),
        (None, Reply({"error": "invalid_grant"}, 400), False),
        (None, Reply({"error": "unauthorized_client"}, 401), False),
        (ACCOUNT, iam("PERMISSION_DENIED", "IAM_PERMISSION_DENIED"), True),
        (ACCOUNT, iam("NOT_FOUND"), True),
        (ACCOUNT, iam("PERMISSION_DENIED", "SERVICE_DISABLED"), False),
    ],
)
async def test_an_identity_that_is_new_says_so_and_is_asked_for_again(
    account: str | None,
    fault: Reply,
    is_told: bool,
    pod: Pod,
    google: FakeGoogle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Google knows pools, service accounts and bindings everywhere only after some minutes."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.FIRST_PAUSE", 0.0)
    pod.configure(account=account)
    google.server.is_faulty = lambda path: path.endswith("generateAccessToken" if account else "/token")
    google.server.faults.append(fault)
    source = open_source(pod.settings())
    with pytest.raises(IdentityUnavailable) as error:
        await source.get(soon())
    assert str(error.value).endswith(NEW) is is_told
    assert (await source.get(soon())).token in google.tokens
    await source.close()


@pytest.mark.parametrize("content", [None, b"", b"two words", b"\xff"])
async def test_a_token_file_that_holds_no_token(content: bytes | None, pod: Pod) -> None:
    """The path is told, the content is not."""
    pod.token_file.unlink()
    if content is not None:
        pod.token_file.write_bytes(content)
    with pytest.raises(IdentityUnavailable, match=f"token file {re.escape(str(pod.token_file))}") as error:
        await read(pod.settings())
    assert "two words" not in str(error.value)


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.e30.c", "a.W10.c"])
async def test_a_token_that_is_none_is_googles_to_refuse(token: str, pod: Pod) -> None:
    """Nothing is read from it but a name to show."""
    pod.token_file.write_text(token)
    with pytest.raises(IdentityUnavailable, match="invalid_grant"):
        await read(pod.settings())


async def test_a_token_that_was_rotated_is_read_anew(pod: Pod, issuer: Issuer) -> None:
    """The kubelet replaces it before it ends."""
    source = open_source(pod.settings())
    first = await source.get(soon())
    pod.token_file.write_text("gone")
    with pytest.raises(IdentityUnavailable):
        await open_source(pod.settings()).get(soon())
    pod.token_file.write_text(issuer.token(SUBJECT, f"https:{PROVIDER}"))
    assert (await bearer(pod)).token != first.token
    await source.close()


async def test_a_key_on_a_laptop_needs_googles_library(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another type is google-auth's to read, if it is installed."""
    pod.configuration.write_text(json.dumps({"type": "authorized_user"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(pod.configuration))
    with pytest.raises(IdentityUnavailable, match="no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS"):
        await bearer(pod)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"expected 'external_account'; to use others, install .*laptop-gcp"):
        open_source(pod.settings())


async def test_googles_library_on_a_laptop(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it finds is used, until the end that it tells; what it cannot do is told without Google's words."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(pod.configuration))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "my-project")  # else the library asks Google for it
    laptop = Laptop()
    token = await laptop.obtain(soon())
    known = pod.google.tokens[token.token]
    who, expires = known.members, known.expires
    assert who == {PRINCIPAL}
    assert token.expires == pytest.approx(expires, abs=2)
    pod.token_file.write_text("x")
    with pytest.raises(IdentityUnavailable, match=r"^google-auth: OAuthError$"):
        await laptop.obtain(soon())


async def test_nothing_on_a_laptop(pod: Pod) -> None:
    """The message says what to do."""
    with pytest.raises(IdentityUnavailable, match=r"no Google credentials: .*application-default login"):
        await open_source(pod.settings(GOOGLE_CLOUD_PROJECT="my-project")).get(soon())


async def test_without_googles_library_the_metadata_server_is_asked(
    pod: Pod, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the image on GKE, where nothing else is set."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("secret_sidecar.vaults.gcp.sources.HOST", Origin.parse(google.server.url))
    assert (await read(pod.settings(GOOGLE_CLOUD_PROJECT="my-project")))[0] == "hunter2-test"
