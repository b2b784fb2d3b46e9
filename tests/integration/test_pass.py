"""The backend `pass` on a real password store with a real gpg key."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from secret_sidecar.errors import AlreadyExists, BadUpstreamResponse, NotFound, Unavailable, ValueRefused
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.password_store.store import PassStore, open_store
from secret_sidecar.vaults.store import NewValue, Written

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the sidecar runs on."""
    return "asyncio", {"use_uvloop": True}


def run(*command: str, given: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    """Run a command that must succeed."""
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True, env=env).stdout


@pytest.fixture(scope="module")
def gpg_home() -> Iterator[str]:
    """A keyring with one key that has no passphrase; its path is short, for it holds the agent's socket."""
    home = tempfile.mkdtemp(prefix="gpg-", dir="/tmp")
    env = {**os.environ, "GNUPGHOME": home}
    run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "app@example.test", "default", env=env)
    yield home
    run("gpgconf", "--kill", "gpg-agent", env=env)
    shutil.rmtree(home, ignore_errors=True)  # the agent takes its own sockets away meanwhile


@pytest.fixture
def settings(gpg_home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A laptop's settings, and a store with secrets that `pass` itself wrote."""
    monkeypatch.setenv("GNUPGHOME", gpg_home)
    monkeypatch.setenv("PASSWORD_STORE_DIR", str(tmp_path / "store"))
    run("pass", "init", "app@example.test")
    run("pass", "insert", "--multiline", "test/database-password", given=b"hunter2\n")
    run("pass", "insert", "--multiline", "test/key", given=b"\x00\xff\n\n")
    environment = {**os.environ, "VAULTMUX_BACKEND": "pass", "SECRETS_NAMESPACE": "test"}
    return Settings.from_environment(environment, Path("/nonexistent"))


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[PassStore]:
    """The store of these settings."""
    opened = open_store(settings)
    yield opened
    await opened.close()


def soon() -> float:
    """A deadline that no test is meant to reach."""
    return asyncio.get_running_loop().time() + 60


@pytest.mark.parametrize(
    ("content", "value", "encoding"),
    [
        (b"hunter2\n", "hunter2", None),
        (b"hunter2", "hunter2", None),
        (b"hunter2\n\n", "hunter2\n", None),
        (b"password\nuser: app\nurl: x\n", "password\nuser: app\nurl: x", None),
        ("grüße ☃\n".encode(), "grüße ☃", None),
        (b"a\x00b\n", "a\x00b", None),
        (b"", "", None),
        (b"\x00\xff\n\n", base64.b64encode(b"\x00\xff\n\n").decode(), "base64"),
    ],
    ids=repr,
)
async def test_a_value_is_all_that_pass_shows(
    content: bytes, value: str, encoding: str | None, store: PassStore
) -> None:
    """But for one line break at its end; what is no text comes as base64, whole."""
    run("pass", "insert", "--multiline", "--force", "test/a", given=content)
    secret = await store.get("test/a", soon())
    assert (secret.name, secret.value, secret.encoding) == ("test/a", value, encoding)


@pytest.mark.parametrize(
    "value",
    [
        NewValue("hunter2"),
        NewValue("ends in a line break\n"),
        NewValue(""),
        NewValue("many\nlines ☃"),
        NewValue("AAH+/w==", "base64"),
        NewValue(base64.b64encode(b"\xff\n").decode(), "base64"),
    ],
)
async def test_what_is_written_is_read_again(value: NewValue, store: PassStore) -> None:
    """By us, and by pass itself."""
    written = await store.create("test/new", value, soon())
    secret = await store.get("test/new", soon())
    assert (secret.value, secret.encoding) == (value.value, value.encoding)
    assert written == Written(secret.version, secret.identity)
    shown = run("pass", "show", "test/new")
    assert shown == (base64.b64decode(value.value) if value.encoding else f"{value.value}\n".encode())


async def test_bytes_that_are_text_are_read_as_text(store: PassStore) -> None:
    """Whoever wrote them as base64."""
    await store.create("test/new", NewValue(base64.b64encode(b"hi\n").decode(), "base64"), soon())
    secret = await store.get("test/new", soon())
    assert (secret.value, secret.encoding) == ("hi\n", None)


async def test_the_version_changes_with_every_write_and_with_nothing_else(store: PassStore) -> None:
    """The same value written again is a new version; reading and copying the store change nothing."""
    first = await store.current_version("test/database-password", soon())
    assert (await store.get("test/database-password", soon())).version == first
    assert await store.current_version("test/database-password", soon()) == first
    second = (await store.put("test/database-password", NewValue("hunter2"), soon())).version
    assert second != first
    assert await store.current_version("test/database-password", soon()) == second


async def test_creating_putting_and_deleting(store: PassStore) -> None:
    """Each where it makes sense."""
    with pytest.raises(NotFound, match="pass has no secret 'test/new'"):
        await store.put("test/new", NewValue("x"), soon())
    await store.create("test/new", NewValue("x"), soon())
    with pytest.raises(AlreadyExists):
        await store.create("test/new", NewValue("y"), soon())
    assert (await store.get("test/new", soon())).value == "x"
    deleted = await store.delete("test/new", soon())
    assert deleted.identity == (await store.get("test/database-password", soon())).identity
    for refused in (store.get("test/new", soon()), store.delete("test/new", soon())):
        with pytest.raises(NotFound):
            await refused
    with pytest.raises(ValueRefused):
        await store.create("test/new", NewValue("\ud800"), soon())


@pytest.mark.parametrize("own", ["*", "ke?", "ke[y]"])
async def test_no_other_secret_is_deleted_than_the_one_named(
    own: str, settings: Settings, store: PassStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To git such a name is a pattern, and a file that git does not know yet leaves it to match others."""
    for variable, value in (("NAME", "app"), ("EMAIL", "app@example.test")):
        monkeypatch.setenv(f"GIT_AUTHOR_{variable}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{variable}", value)
    run("pass", "git", "init", "--quiet")
    folder = tmp_path / "store" / "test"
    shutil.copy(folder / "key.gpg", folder / f"{own}.gpg")
    await store.delete(store.spelling.full_name(f"exact:test/{own}", settings.prefix), soon())
    assert {path.name for path in folder.iterdir()} == {"database-password.gpg", "key.gpg"}


async def test_a_folder_is_no_secret(store: PassStore) -> None:
    """Of which pass itself would show the tree, and be content."""
    for name in ("test", "test/database-password/x", "test/nothing"):
        with pytest.raises(NotFound):
            await store.get(name, soon())


async def test_a_secret_for_other_keys(
    store: PassStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """gpg's reason is told, nothing else of what it wrote; writing fails too, and leaves no file."""
    home = tempfile.mkdtemp(prefix="gpg-", dir="/tmp")
    monkeypatch.setenv("GNUPGHOME", home)
    try:
        with pytest.raises(Unavailable, match="decryption failed: No secret key") as failure:
            await store.get("test/database-password", soon())
        assert failure.value.code == "No secret key"
        with pytest.raises(Unavailable, match="encryption failed"):
            await store.create("test/new", NewValue("x"), soon())
        with pytest.raises(NotFound):
            await store.get("test/new", soon())
    finally:
        run("gpgconf", "--kill", "all")
        shutil.rmtree(home, ignore_errors=True)
    assert capfd.readouterr().err == ""


async def test_a_file_that_gpg_did_not_write(store: PassStore, tmp_path: Path) -> None:
    """It is an odd answer."""
    tmp_path.joinpath("store", "test", "plain.gpg").write_text("hunter2")
    with pytest.raises(BadUpstreamResponse, match="its file is not encrypted") as failure:
        await store.get("test/plain", soon())
    assert "hunter2" not in str(failure.value)


async def test_many_at_once(store: PassStore) -> None:
    """Readers and a writer: each reader gets a value with the version that it had."""
    known = {await store.current_version("test/database-password", soon()): "hunter2"}

    async def write() -> None:
        for n in range(3):
            written = await store.put("test/database-password", NewValue(f"hunter{n}"), soon())
            known[str(written.version)] = f"hunter{n}"

    async def read() -> list[tuple[str, str]]:
        secrets = [await store.get("test/database-password", soon()) for _ in range(3)]
        return [(secret.version, secret.value) for secret in secrets]

    *read_by, _ = await asyncio.gather(*(read() for _ in range(6)), write())
    assert {pair for pairs in read_by if pairs for pair in pairs} <= set(known.items())


async def test_the_sidecar_serves_it(settings: Settings) -> None:
    """For development: the same GET as in a pod."""
    async with Sidecar(replace(settings, port=0, health_port=0)) as sidecar:

        def get(name: str) -> tuple[int, bytes]:
            try:
                with urlopen(f"http://127.0.0.1:{sidecar.port}/v1/secrets/{name}") as answer:
                    return answer.status, answer.read()
            except HTTPError as error:
                with error:
                    return error.code, error.read()

        status, body = await asyncio.to_thread(get, "database-password")
        assert (status, b'"hunter2"' in body) == (200, True)
        status, body = await asyncio.to_thread(get, "nothing")
        assert (status, b'"backend": "pass"' in body or b'"backend":"pass"' in body) == (404, True)
        await sidecar.readiness.wait()
