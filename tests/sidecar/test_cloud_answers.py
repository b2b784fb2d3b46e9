"""Whatever a cloud answers, what comes of it is a secret, a token or an error of our own."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.errors import VaultError
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.azure import errors as azure_errors
from secret_sidecar.vaults.azure import federation as azure_federation
from secret_sidecar.vaults.azure import store as azure_store
from secret_sidecar.vaults.gcp import errors as gcp_errors
from secret_sidecar.vaults.gcp import federation as gcp_federation
from secret_sidecar.vaults.gcp import store as gcp_store
from secret_sidecar.vaults.identity import identity_service
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.store import Secret

VAULTS = ("aws", "gcp", "azure", "hashicorp", "password_store")
WORDS = (
    "error", "code", "innererror", "message", "status", "details", "@type", "reason", "name", "payload", "data", "id",
    "dataCrc32c", "value", "attributes", "created", "enabled", "access_token", "expires_in", "accessToken",
    "expireTime", "Forbidden", "PERMISSION_DENIED", "FAILED_PRECONDITION", "SecretDisabled", "error_codes",
    "type.googleapis.com/google.rpc.ErrorInfo", "https://v/secrets/test--x/00000000000000000000000000000000",
    "projects/1/secrets/test--x/versions/1", "0001-01-01T00:00:00", "9999-12-31T23:59:59Z",
)  # fmt: skip
leaves = st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text() | st.sampled_from(WORDS)
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner), max_leaves=20
)
objects = st.dictionaries(st.sampled_from(WORDS), values)
statuses = st.sampled_from([200, 302, 400, 401, 403, 404, 409, 429, 500, 503])


def answer(status: int, document: Any, headers: dict[str, str]) -> Answer:
    """A JSON answer."""
    return Answer(status, {"content-type": "application/json", **headers}, json.dumps(document).encode())


@given(statuses, values, st.dictionaries(st.sampled_from(["www-authenticate", "retry-after"]), st.text()))
def test_every_error_is_one_of_ours(status: int, document: Any, headers: dict[str, str]) -> None:
    """Google's and Azure's alike."""
    for error_of in (gcp_errors.error_of, azure_errors.error_of):
        assert isinstance(error_of(answer(status, document, headers), "test/x", "me"), VaultError)


@given(objects)
def test_what_is_no_secret_is_none(document: dict[str, Any]) -> None:
    """It is reported, and nothing else happens."""
    with suppress(ValueError):
        assert isinstance(gcp_store._secret(document, "test/x", "me"), Secret)
    assert isinstance(azure_store._version(document, "test/x"), str | None)
    assert isinstance(azure_store._Version.parse(document, "test/x"), azure_store._Version | None)
    assert isinstance(azure_store._following(str(document.get("value")), "test/x"), str | None)


@given(objects)
def test_what_is_no_token_is_none(document: dict[str, Any]) -> None:
    assert isinstance(identity_service.bearer(document, "me"), Bearer | None)
    assert isinstance(gcp_federation._service_account_token(document, answer(200, {}, {}), "me"), Bearer | None)
    assert isinstance(azure_federation._code(document), str | None)


@given(st.text())
def test_a_token_that_is_none_has_no_subject(token: str) -> None:
    """And is no error by itself."""
    assert isinstance(identity_service.subject(token), str)
    assert isinstance(identity_service.subject(f"a.{token}.b"), str)


@pytest.mark.anyio
@pytest.mark.parametrize("backend", ["gcp", "azure"])
async def test_a_backend_imports_only_what_it_needs(backend: str) -> None:
    """No SDK, and none of the other vaults: each costs memory in every pod."""
    code = f"import sys, secret_sidecar.vaults.{backend}.store; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    shown, _ = await process.communicate()
    imported = set(shown.decode().split())
    assert f"secret_sidecar.vaults.{backend}.store" in imported
    others = {f"secret_sidecar.vaults.{other}" for other in VAULTS if other != backend}
    assert not imported & {"boto3", "google.auth", "azure.core", "azure.identity", "msal", "requests", *others}
