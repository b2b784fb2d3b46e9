"""Answers that a real server does not give on demand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secret_sidecar.errors import (
    BadUpstreamResponse,
    Conflict,
    CredentialsRefused,
    Deleted,
    Denied,
    IdentityDelayed,
    IdentityUnavailable,
    NotFound,
    Throttled,
    Unavailable,
    ValueRefused,
    VaultError,
)
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.hashicorp.jwt_login import JwtLogin
from secret_sidecar.vaults.hashicorp.sources import ExistingToken
from secret_sidecar.vaults.hashicorp.store import VaultStore
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.identity.refreshing import Refreshing
from secret_sidecar.vaults.store import NewValue
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon

pytestmark = pytest.mark.anyio

JSON = "Content-Type: application/json"
ALIVE = reply(b'{"data":{}}', 200, JSON)


def said(status: int, *errors: Any, **more: Any) -> bytes:
    """An error as Vault words it."""
    return reply(json.dumps({"errors": list(errors), **more}).encode(), status, JSON)


def found(**document: Any) -> bytes:
    """An answer of status 200."""
    return reply(json.dumps(document).encode(), 200, JSON)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)


def store_of(server: Scripted, namespace: str = "") -> VaultStore:
    """A store with a token of its own."""
    client = Client(Origin("http", "127.0.0.1", server.port))
    return VaultStore(client, Refreshing(ExistingToken(lambda: "s.token", "me"), 60), "secret", namespace)


POLICY = "1 error occurred:\n\t* permission denied\n\n"


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (said(403, POLICY), Denied, "refused 'test/a' to me, or there is no such secret"),
        (said(404), NotFound, "has no secret 'test/a'"),
        (said(404, "namespace not found"), BadUpstreamResponse, "no KV engine of version 2 there: namespace not found"),
        (found(data={"metadata": {"version": 3}, "data": None}), BadUpstreamResponse, "no version of a secret"),
        (found(data={"value": "kv of version 1"}), BadUpstreamResponse, "no version of a secret"),
        (found(data={"metadata": {"version": "3"}, "data": {}}), BadUpstreamResponse, "no version of a secret"),
        (found(), BadUpstreamResponse, "no version of a secret"),
        (reply(b"<html>", 200, "Content-Type: text/html"), BadUpstreamResponse, "no version of a secret"),
        (reply(b"", 204), BadUpstreamResponse, "no version of a secret"),
        (reply(b"", 307, "Location: http://active.example/"), Unavailable, "is a standby that sends callers elsewhere"),
        (said(412, "required index state not present"), Unavailable, "required index state not present"),
        (said(400, "Upgrading from non-versioned to versioned data. This…"), Unavailable, "Upgrading"),
        (said(400, "something else"), BadUpstreamResponse, "answered as no such call can be: something else"),
        (said(405, "unsupported operation"), BadUpstreamResponse, "unsupported operation"),
        (said(429, "quota", 7, None), Throttled, "too many requests"),
        (said(473), Unavailable, "HTTP 473"),
        (said(500, "internal error"), Unavailable, "internal error"),
        (said(502), Unavailable, "HTTP 502"),
        (reply(b"<html>", 503, "Content-Type: text/html"), Unavailable, "HTTP 503"),
        (reply(b'{"errors":"x"}', 418, JSON), BadUpstreamResponse, "HTTP 418"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_what_an_answer_to_a_read_means(answer: bytes, kind: type[VaultError], message: str) -> None:
    """By its status, and by Vault's words where one status says several things."""
    async with Scripted(*[[answer] * 4] * 4) as server:
        store = store_of(server)
        with pytest.raises(VaultError, match=message) as failure:
            await store.get("test/a", soon())
        assert isinstance(failure.value, kind)
        assert (failure.value.identity, "s.token" in str(failure.value)) == ("me", False)
        await store.close()


@pytest.mark.parametrize("number", ["1e400", "1" * 5000])
async def test_a_number_that_python_cannot_hold_is_in_nobodys_way(number: str) -> None:
    """The map comes as it was sent, for OpenBao itself takes no such number."""
    map_ = f'{{"n": {number}, "user": "app"}}'
    answer = f'{{"data": {{"metadata": {{"version": 2}}, "data": {map_}}}, "lease_duration": {number}}}'
    async with Scripted([reply(answer.encode(), 200, JSON)]) as server:
        store = store_of(server)
        secret = await store.get("test/a", soon())
        await store.close()
    assert (secret.value, secret.version) == (map_, "2")


async def test_vaults_words_are_told_on_one_line_and_not_too_long() -> None:
    async with Scripted([said(400, "a\r\nb\t\x00" + "x" * 1000)]) as server:
        store = store_of(server)
        with pytest.raises(BadUpstreamResponse) as failure:
            await store.get("test/a", soon())
        await store.close()
    assert failure.value.code is not None
    assert failure.value.code.startswith("a b")
    assert len(failure.value.code) == 160


async def test_what_goes_with_a_request() -> None:
    """The token, Vault's own namespace, and the mark that a forged request cannot have."""
    async with Scripted([found(data={"metadata": {"version": 2}, "data": {"value": "v"}}, request_id="r")]) as server:
        store = store_of(server, "team/a")
        secret = await store.get("test/a", soon(), version="2")
        await store.close()
    assert (secret.value, secret.request_id, secret.identity) == ("v", "r", "me")
    (request,) = server.requests
    assert (request.method, request.target) == ("GET", "/v1/secret/data/test/a?version=2")
    assert request.headers["authorization"] == "Bearer s.token"
    assert (request.headers["x-vault-namespace"], request.headers["x-vault-request"]) == ("team/a", "true")


async def test_another_version_than_the_one_asked_for_is_none() -> None:
    """Nothing is served but the requested value."""
    async with Scripted([found(data={"metadata": {"version": 3}, "data": {"value": "v"}})]) as server:
        store = store_of(server)
        with pytest.raises(BadUpstreamResponse):
            await store.get("test/a", soon(), version="2")
        await store.close()


@pytest.mark.parametrize(
    ("words", "look", "kind"),
    [
        (["permission denied"], ALIVE, Denied),
        (["permission denied"], said(403, "permission denied"), CredentialsRefused),
        (["permission denied"], said(403, POLICY), Denied),
        (
            ["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"],
            said(403, "invalid token"),
            CredentialsRefused,
        ),
        (["permission denied"], said(500), Unavailable),
        ([], ALIVE, Denied),
    ],
)
async def test_a_refusal_in_doubt(words: list[str], look: bytes, kind: type[VaultError]) -> None:
    """Whether it is the token or the policy, a look at the token tells; HashiCorp's newer words count too."""
    async with Scripted(*[[said(403, *words), look] * 4] * 4) as server:
        store = store_of(server)
        with pytest.raises(VaultError) as failure:
            await store.get("test/a", soon())
        assert isinstance(failure.value, kind)
        await store.close()
    assert server.requests[1].target == "/v1/auth/token/lookup-self"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (found(data={"current_version": 2, "versions": {}}), BadUpstreamResponse),
        (found(data={"current_version": "2"}), BadUpstreamResponse),
        (found(data={"current_version": 2, "versions": {"2": {"destroyed": True}}}), Deleted),
        (found(data={"current_version": 2, "versions": {"2": {"deletion_time": "2020-01-01T00:00:00.1Z"}}}), Deleted),
        (found(data={"current_version": 0, "versions": {}}), NotFound),
        (found(), BadUpstreamResponse),
    ],
)
async def test_what_metadata_may_say(answer: bytes, kind: type[VaultError]) -> None:
    """A version that can be read, or why there is none."""
    async with Scripted([answer]) as server:
        store = store_of(server)
        with pytest.raises(kind):
            await store.current_version("test/a", soon())
        await store.close()


async def test_a_write_whose_version_nobody_knows() -> None:
    """It is an odd answer, and one that is too large is the value's fault."""
    for answer, kind in ((found(data={}), BadUpstreamResponse), (said(413, "too large"), ValueRefused)):
        async with Scripted([answer]) as server:
            store = store_of(server)
            with pytest.raises(kind):
                await store._write("test/a", {"value": "v"}, 0, soon())
            await store.close()


async def test_a_write_that_always_loses() -> None:
    """After some tries it says so."""
    current = found(data={"metadata": {"version": 1}, "data": {"value": "v"}})
    lost = said(400, "check-and-set parameter did not match the current version")
    async with Scripted([current, lost] * 4) as server:
        store = store_of(server)
        with pytest.raises(Conflict, match="another version of 'test/a' meanwhile"):
            await store.put("test/a", NewValue("w"), soon())
        await store.close()
    assert len(server.requests) == 8


JWT = "header.payload-of-it.signature-of-it"


def login(server: Scripted) -> JwtLogin:
    """A login to role test."""
    return JwtLogin(Client(Origin("http", "127.0.0.1", server.port)), "jwt", "test", "", lambda: JWT)


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (said(400, "error validating token: invalid audience"), IdentityUnavailable, "token: invalid audience"),
        (said(400, "cannot parse header.payload-of-it.signature-of-it"), IdentityUnavailable, "HTTP 400"),
        (said(403, "permission denied"), IdentityUnavailable, "permission denied"),
        (said(503, "Vault is sealed"), IdentityDelayed, "Vault is sealed"),
        (said(429, "quota"), IdentityDelayed, "quota"),
        (reply(b"<html>", 502), IdentityDelayed, "HTTP 502"),
        (found(auth=None), IdentityUnavailable, "other than a token"),
        (found(auth={"client_token": "", "lease_duration": 1}), IdentityUnavailable, "other than a token"),
        (found(auth={"client_token": "a\r\nb", "lease_duration": 1}), IdentityUnavailable, "other than a token"),
        (found(auth={"client_token": "a", "lease_duration": "1"}), IdentityUnavailable, "other than a token"),
        (b"SSH-2.0\r\n\r\n", IdentityUnavailable, "did not answer in HTTP"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_what_an_answer_to_a_login_means(answer: bytes, kind: type[VaultError], message: str) -> None:
    """Whether it may pass, and never anything of the token."""
    async with Scripted(*[[answer] * 4] * 4) as server:
        issuer = login(server)
        with pytest.raises(IdentityUnavailable, match=message) as failure:
            await issuer.obtain(soon())
        assert (type(failure.value), failure.value.identity) == (kind, "auth/jwt/role/test")
        assert "payload-of-it" not in str(failure.value)
        await issuer.close()
    assert (len(server.requests) > 1) == (kind is IdentityDelayed)


async def test_a_lease_without_an_end() -> None:
    """Vault says 0."""
    async with Scripted([found(auth={"client_token": "s.x", "lease_duration": 0})]) as server:
        issuer = login(server)
        assert await issuer.obtain(soon()) == Bearer("s.x", None, "auth/jwt/role/test")
        await issuer.close()
    assert json.loads(server.requests[0].body) == {"role": "test", "jwt": JWT}
    assert server.requests[0].target == "/v1/auth/jwt/login"
