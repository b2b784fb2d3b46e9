"""What a command may do to the sidecar that runs it: scripts stand where `pass` would."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from secret_sidecar.errors import BadRequest, BadUpstreamResponse, NotFound, SettingsError, TimedOut, Unavailable
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.password_store.settings import PassSettings
from secret_sidecar.vaults.password_store.store import PassStore, open_store
from secret_sidecar.vaults.store import NewValue
from tests.sidecar.conftest import soon

pytestmark = pytest.mark.anyio

Scripting = Callable[[str], PassStore]


@pytest.fixture
async def scripting(tmp_path: Path) -> AsyncIterator[Scripting]:
    """Make a store, with one file, whose command is a script."""
    folder = tmp_path / "store"
    folder.joinpath("test").mkdir(parents=True)
    folder.joinpath(".gpg-id").write_text("key")
    folder.joinpath("test", "a.gpg").write_bytes(b"ciphertext")
    stores = []

    def make(script: str) -> PassStore:
        command = tmp_path / "pass"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o700)
        stores.append(PassStore(str(command), folder))
        return stores[-1]

    yield make
    for store in stores:
        await store.close()


async def test_how_the_command_is_called(scripting: Scripting, tmp_path: Path) -> None:
    """With the name as its last argument, the store's folder, and nobody to type anything."""
    store = scripting('echo "$# $1 $2 $PASSWORD_STORE_DIR"; cat')
    assert (await store.get("test/a", soon())).value == f"2 show test/a {tmp_path / 'store'}"


async def test_a_command_that_hangs_is_killed_with_its_children(scripting: Scripting, tmp_path: Path) -> None:
    """At the deadline; nothing goes on behind the caller's back."""
    pids = tmp_path / "pids"
    store = scripting(f"sleep 600 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
    for seconds in (0.3, 3, 30):  # until it had time to start
        deadline = asyncio.get_running_loop().time() + seconds
        with pytest.raises(TimedOut, match="pass did not end before the deadline"):
            await store.get("test/a", deadline)
        if pids.exists():
            break
    for pid in pids.read_text().split():
        await asyncio.to_thread(_wait_until_gone, pid)


async def test_a_command_is_killed_when_nobody_waits(scripting: Scripting, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    store = scripting(f"echo $$ > {pids}.new; mv {pids}.new {pids}; sleep 600")
    reader = asyncio.create_task(store.get("test/a", soon()))
    await asyncio.to_thread(_wait_until_there, pids)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await asyncio.to_thread(_wait_until_gone, pids.read_text().strip())


def _wait_until_there(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def _wait_until_gone(pid: str) -> None:
    """Killed, and taken leave of by us, or by whoever took it over."""
    while True:
        try:
            state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:  # a process that ends while it is looked at is no file that is missing
            return
        if state == "Z" and parent != str(os.getpid()):
            return
        time.sleep(0.01)


async def test_a_command_that_floods(scripting: Scripting) -> None:
    """No more than a bounded part is taken."""
    with pytest.raises(BadUpstreamResponse, match="pass wrote more than 1048576 bytes about 'test/a'"):
        await scripting("yes hunter2").get("test/a", soon())


async def test_what_a_command_complains_of_is_not_told(scripting: Scripting) -> None:
    """But for gpg's reason: it may have written a value by mistake."""
    store = scripting("echo hunter2; echo hunter2 >&2; yes | head -c 1000000 >&2; exit 3")
    with pytest.raises(Unavailable, match="pass failed on 'test/a': exit status 3") as failure:
        await store.get("test/a", soon())
    assert "hunter2" not in str(failure.value)
    assert failure.value.code is None
    store = scripting("echo 'gpg: public key decryption failed: Operation cancelled' >&2; exit 2")
    with pytest.raises(Unavailable, match="decryption failed: Operation cancelled") as failure:
        await store.get("test/a", soon())
    assert failure.value.code == "Operation cancelled"


async def test_a_command_that_does_not_read(scripting: Scripting) -> None:
    """Its exit status decides."""
    with pytest.raises(Unavailable, match="exit status 1"):
        await scripting("exec <&-; exit 1").create("test/b", NewValue("x" * 500_000), soon())


async def test_a_command_that_is_gone(scripting: Scripting, tmp_path: Path) -> None:
    store = scripting("true")
    tmp_path.joinpath("pass").unlink()
    with pytest.raises(Unavailable, match="pass cannot be run: No such file or directory"):
        await store.get("test/a", soon())


async def test_a_file_that_changes_under_a_read(scripting: Scripting, tmp_path: Path) -> None:
    """It is read again, so that value and version belong together; not for ever."""
    file = tmp_path / "store" / "test" / "a.gpg"
    store = scripting(f"test -e {tmp_path}/once || {{ touch {tmp_path}/once; echo x >> {file}; }}; wc -c < {file}")
    secret = await store.get("test/a", soon())
    assert secret.value == "12"
    assert secret.version == await store.current_version("test/a", soon())
    with pytest.raises(Unavailable, match="changed repeatedly"):
        await scripting(f"echo x >> {file}").get("test/a", soon())


async def test_a_reader_waits_for_a_writer_no_longer_than_it_has_time(scripting: Scripting) -> None:
    store = scripting('case "$1" in insert) sleep 600;; esac; echo x')
    writer = asyncio.create_task(store.put("test/a", NewValue("x"), soon()))
    await asyncio.sleep(0)  # the writer takes its turn first
    assert store._writing.locked()
    with pytest.raises(TimedOut):
        await store.get("test/a", asyncio.get_running_loop().time() + 0.1)
    writer.cancel()
    await asyncio.wait([writer])
    assert (await store.get("test/a", soon())).value == "x"


async def test_few_run_at_a_time(scripting: Scripting, tmp_path: Path) -> None:
    log = tmp_path / "log"
    store = scripting(f"echo start >> {log}; sleep 0.05; echo end >> {log}")
    await asyncio.gather(*(store.get("test/a", soon()) for _ in range(24)))
    running, most = 0, 0
    for line in log.read_text().split():
        running += 1 if line == "start" else -1
        most = max(most, running)
    assert most <= 8


@pytest.mark.parametrize("asked", [{"version": "1"}, {"stage": "AWSCURRENT"}])
async def test_there_is_one_version(asked: dict[str, str], scripting: Scripting) -> None:
    """Any other is refused."""
    with pytest.raises(BadRequest, match="pass keeps one version"):
        await scripting("echo x").get("test/a", soon(), **asked)


async def test_probing_runs_nothing(scripting: Scripting, tmp_path: Path) -> None:
    """It looks whether there is a store: with the secret, without it, or not at all."""
    store = scripting("exit 1")
    await store.probe("test/a", soon())
    await store.probe("test/nothing", soon())
    tmp_path.joinpath("store", ".gpg-id").unlink()
    with pytest.raises(
        Unavailable, match=r"there is no password store in .*/store: expected one that `pass init` made"
    ):
        await store.probe("test/nothing", soon())


async def test_the_settings(scripting: Scripting, tmp_path: Path) -> None:
    """The command on PATH, and its own variable or default."""
    scripting("echo hunter2")
    environment = {"VAULTMUX_BACKEND": "pass", "PATH": str(tmp_path), "PASSWORD_STORE_DIR": str(tmp_path / "store")}
    store = open_store(Settings.from_environment(environment, Path("/nonexistent")))
    assert (await store.get("test/a", soon())).value == "hunter2"
    del environment["PASSWORD_STORE_DIR"]
    settings = Settings.from_environment(environment | {"HOME": "/home/dev"}, Path("/nonexistent"))
    assert settings.vault_as(PassSettings).folder == Path("/home/dev/.password-store")
    with pytest.raises(SettingsError, match="PASSWORD_STORE_DIR is not set, nor is HOME"):
        Settings.from_environment(environment, Path("/nonexistent"))
    with pytest.raises(SettingsError, match="there is no `pass` on PATH"):
        Settings.from_environment(environment | {"PATH": "/nonexistent"}, Path("/nonexistent"))


async def test_a_name_of_the_stores_own(scripting: Scripting, tmp_path: Path) -> None:
    """The file and the argument are what it says."""
    store = scripting('echo "$2"')
    folder = tmp_path / "store" / "My Bank"
    folder.mkdir()
    folder.joinpath("me@example.com.gpg").write_bytes(b"ciphertext")
    name = store.spelling.full_name("exact:My Bank/me@example.com", "")
    assert (await store.get(name, soon())).value == "My Bank/me@example.com"


async def test_names_are_portable_ones(scripting: Scripting) -> None:
    """So none is an option or leads out of the store."""
    store = scripting("exit 1")
    for name in ("--clip", "../x", "test/../x", "a b", "test/A"):
        with pytest.raises(ValueError, match="secret name"):
            store.spelling.full_name(name, "")
    with pytest.raises(NotFound):
        await store.get("test/a/b", soon())
