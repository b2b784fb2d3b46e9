"""SECRETS_TOKEN_FILE: who does not show the token is not answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from secret_sidecar.api.access_token import TokenFile
from secret_sidecar.errors import SettingsError
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import Got, ask, ask_raw

pytestmark = pytest.mark.anyio

TOKEN = "0123456789abcdef"
PATH = "/v1/secrets/database-password"


@pytest.fixture
def access_file(tmp_path: Path) -> Path:
    """A token for callers."""
    path = tmp_path / "access-token"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.fixture
def settings(static_settings: Settings, access_file: Path) -> Settings:
    """A sidecar that expects it."""
    return replace(static_settings, token_file=access_file)


def write(path: Path, content: str | None) -> None:
    """Write a file, or take it away."""
    if content is None:
        path.unlink()
    else:
        path.write_text(content)


async def read(sidecar: Sidecar, authorization: str | None, path: str = PATH) -> Got:
    """Ask with this header."""
    return await ask(sidecar.port, path, headers={} if authorization is None else {"Authorization": authorization})


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_who_shows_the_token_is_served(scheme: str, start: StartSidecar, settings: Settings) -> None:
    """The scheme's case does not matter (RFC 9110 section 11.1); the file's line break is not the token's."""
    assert (await read(await start(settings), f"{scheme} {TOKEN}")).status == 200


async def test_who_shows_none_is_told_what_is_expected(
    aws: FakeAws, start: StartSidecar, settings: Settings, access_file: Path
) -> None:
    """401 with a challenge, for every path; the vault is not asked, and health needs no token."""
    sidecar = await start(settings)
    await sidecar.readiness.wait()
    aws.asked.clear()
    for path in (PATH, "/v1/secrets", "/openapi.json", "/nowhere"):
        got = await read(sidecar, None, path)
        assert (got.status, got.json["type"]) == (401, "urn:secret-access:problem:unauthenticated")
        assert got.headers["www-authenticate"] == 'Bearer realm="secret-sidecar"'
        assert str(access_file) not in got.json["detail"]
    assert aws.asked == []
    assert (await ask(sidecar.health_port, "/readyz")).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer x {TOKEN}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \xff\xfe",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
    ],
)
async def test_another_token_is_refused(authorization: str, start: StartSidecar, settings: Settings) -> None:
    """With the error that RFC 6750 section 3.1 has for it."""
    got = await read(await start(settings), authorization)
    assert (got.status, got.headers["www-authenticate"]) == (
        401,
        'Bearer realm="secret-sidecar", error="invalid_token"',
    )
    assert TOKEN not in got.body.decode()


async def test_two_tokens_are_refused(start: StartSidecar, settings: Settings) -> None:
    """Though one of them is right."""
    sidecar = await start(settings)
    header = f"Authorization: Bearer {TOKEN}\r\n".encode()
    head = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode()
    assert (await ask_raw(sidecar.port, head + header + b"\r\n")).startswith(b"HTTP/1.1 200 ")
    answer = await ask_raw(sidecar.port, head + header + header + b"\r\n")
    assert answer.split(b" ")[1] in {b"400", b"401"}


async def test_the_token_may_change(start: StartSidecar, settings: Settings, access_file: Path) -> None:
    """Written anew, or put in the place of the old one, as the kubelet does."""
    sidecar = await start(settings)
    write(access_file, "another-token-0001")
    assert (await read(sidecar, f"Bearer {TOKEN}")).status == 401
    assert (await read(sidecar, "Bearer another-token-0001")).status == 200
    write(access_file.with_name("following"), "another-token-0002")
    access_file.with_name("following").replace(access_file)
    assert (await read(sidecar, "Bearer another-token-0001")).status == 401
    assert (await read(sidecar, "Bearer another-token-0002")).status == 200


@pytest.mark.parametrize("content", [None, "", "short", "not a token of course", "x" * 5000])
async def test_without_a_token_nobody_is_served(
    content: str | None,
    start: StartSidecar,
    settings: Settings,
    access_file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A file that is gone or holds no token lets nobody in, says so once in the log, and serves again when mended."""
    sidecar = await start(settings)
    write(access_file, content)
    for token in (TOKEN, content or "", ""):
        got = await read(sidecar, f"Bearer {token[:100]}")
        assert (got.status, "no token is accepted now" in got.json["detail"]) == (401, True)
    assert [record.message for record in caplog.records].count("no access token") == 1
    write(access_file, TOKEN)
    assert (await read(sidecar, f"Bearer {TOKEN}")).status == 200


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), ("", "expected one line of at least 16"), ("a b", "expected one")]
)
async def test_a_sidecar_does_not_start_without_a_token(
    content: str | None, reason: str, settings: Settings, access_file: Path
) -> None:
    """The message has variable, value and form."""
    write(access_file, content)
    with pytest.raises(SettingsError, match=f"SECRETS_TOKEN_FILE='{access_file}': {reason}"):
        async with Sidecar(settings):
            pass


def test_the_token_shows_nowhere(access_file: Path) -> None:
    """Not even in the object's members."""
    token_file = TokenFile(access_file)
    assert TOKEN not in repr(vars(token_file))
