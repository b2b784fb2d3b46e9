"""A password store as a vault.

A secret's value is all that `pass show` writes, but for one line break at its end; what is no UTF-8 comes as base64.
Its version is the hash of the encrypted file, which every write changes and which tells nothing of the value.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from pathlib import Path

from secret_names import vaults
from secret_sidecar.errors import (
    AlreadyExists,
    BadRequest,
    BadUpstreamResponse,
    NotFound,
    Unavailable,
    ValueRefused,
)
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.password_store.command import Pass
from secret_sidecar.vaults.password_store.settings import PassSettings
from secret_sidecar.vaults.store import NewValue, Secret, Written

spelled = vaults.PASS.spelled
_TRIES = 4
_VERSION_LENGTH = 32


class PassStore:
    """Asks the command itself, so that its extensions, its git repository and its choice of keys hold."""

    backend = "pass"
    spelling = vaults.PASS

    def __init__(self, command: str, folder: Path) -> None:
        self._folder = folder
        self._pass = Pass(command, folder)
        self._writing = asyncio.Lock()

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Decrypt the file; `pass` keeps no versions but in its git repository."""
        if version is not None or stage is not None:
            raise BadRequest("pass keeps one version of a secret: expected neither version nor stage")
        for _ in range(_TRIES):
            async with self._pass.within(deadline), self._writing:
                before = await self.current_version(name, deadline)
            try:
                output = await self._pass.run(name, deadline, "show")
            except (BadUpstreamResponse, Unavailable):  # of a file that is half written, gpg can make nothing
                if await self.current_version(name, deadline) == before:
                    raise
                continue
            if await self.current_version(name, deadline) == before:
                return _secret(name, output, before, self._pass.identity)
        raise Unavailable(f"pass: {name!r} changed repeatedly while it was read", identity=self._pass.identity)

    async def current_version(self, name: str, deadline: float) -> str:  # noqa: ARG002 (a file is read at once)
        """Return the hash of the encrypted file; nothing is decrypted for it."""
        return await asyncio.to_thread(self._version, name)

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Encrypt a file that is not there yet."""
        content = _content(value)
        async with self._pass.within(deadline), self._writing:
            try:
                await self.current_version(name, deadline)
            except NotFound:
                return await self._insert(name, content, deadline)
        raise AlreadyExists(f"pass has a secret {name!r} already", identity=self._pass.identity)

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Encrypt a file anew."""
        content = _content(value)
        async with self._pass.within(deadline), self._writing:
            await self.current_version(name, deadline)
            return await self._insert(name, content, deadline)

    async def delete(self, name: str, deadline: float) -> Written:
        """Remove a file; the store's git repository, if it has one, keeps it."""
        async with self._pass.within(deadline), self._writing:
            await self.current_version(name, deadline)
            await self._pass.run(name, deadline, "rm", "--force")
        return Written(identity=self._pass.identity)

    async def probe(self, name: str, deadline: float) -> None:
        """Look whether there is a store."""
        try:
            await self.current_version(name, deadline)
        except NotFound:
            return

    async def close(self) -> None:
        """Leave no process behind."""
        await self._pass.close()

    async def _insert(self, name: str, content: bytes, deadline: float) -> Written:
        await self._pass.run(name, deadline, "insert", "--multiline", "--force", given=content)
        return Written(await self.current_version(name, deadline), self._pass.identity)

    def _version(self, name: str) -> str:
        try:
            content = self._folder.joinpath(f"{spelled(name)}.gpg").read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            if not self._folder.joinpath(".gpg-id").is_file():
                detail = f"there is no password store in {self._folder}: expected one that `pass init` made"
                raise Unavailable(detail, identity=self._pass.identity) from None
            raise NotFound(f"pass has no secret {name!r}", identity=self._pass.identity) from None
        except OSError as error:
            detail = f"pass: the file of {name!r} cannot be read: {error.strerror}"
            raise Unavailable(detail, identity=self._pass.identity) from None
        return hashlib.sha256(content).hexdigest()[:_VERSION_LENGTH]


def _secret(name: str, output: bytes, version: str, identity: str) -> Secret:
    try:
        return Secret(name, output.decode().removesuffix("\n"), version, identity=identity)
    except UnicodeDecodeError:
        return Secret(name, base64.b64encode(output).decode(), version, "base64", identity=identity)


def _content(value: NewValue) -> bytes:
    """Return what is encrypted: text ends with the line break that reading takes away, other bytes are as they are."""
    try:
        content = binascii.a2b_base64(value.value, strict_mode=True) if value.encoding else value.value.encode()
    except UnicodeEncodeError:
        raise ValueRefused("the value is not valid Unicode text: expected base64") from None
    except ValueError:
        raise ValueRefused("the value is not in base64") from None
    try:
        content.decode()
    except UnicodeDecodeError:
        return content
    return content + b"\n"


def open_store(settings: Settings) -> PassStore:
    """Return the store of the settings' folder."""
    vault = settings.vault_as(PassSettings)
    assert vault.folder is not None  # noqa: S101
    return PassStore(vault.command, vault.folder)
