"""The service's certificate, in use for new connections as soon as its files have changed.

Files that cannot be loaded change nothing: the certificate before them stays in use, the log says so, and each look
tries again, for they may be right and the process short of file descriptors.
Source: https://docs.python.org/3/library/ssl.html#ssl.SSLContext.sni_callback
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from secret_sidecar.errors import SettingsError
from secret_sidecar.file_state import FileState, state_of

INTERVAL = 10.0
"""Seconds between two looks at the files."""

log = logging.getLogger(__name__)


class Certificates:
    """A context for servers, which gives each new connection the certificate that is current."""

    def __init__(self, cert_file: Path, key_file: Path) -> None:
        self._files = (cert_file, key_file)
        self._loaded = self._look()
        self._complained: tuple[object, ...] | None = None
        try:
            self._current = self._load()
        except (OSError, ssl.SSLError) as error:
            given = f"SECRETS_TLS_CERT_FILE={str(cert_file)!r}, SECRETS_TLS_KEY_FILE={str(key_file)!r}"
            raise SettingsError(f"{given}: {_reason(error)}; expected a certificate in PEM and its key") from None
        self.context = self._load()
        self.context.sni_callback = self._choose

    def refresh(self) -> None:
        """Load the files if they are others."""
        found = self._look()
        if found == self._loaded:
            return
        try:
            self._current = self._load()
        except (OSError, ssl.SSLError) as error:
            complaint = (found, _reason(error))
            if complaint != self._complained:
                log.warning("certificate not loaded", extra={"reason": _reason(error)})
            self._complained = complaint
        else:
            self._loaded, self._complained = found, None
            log.info("certificate loaded")

    async def run(self) -> None:
        """Look now and then, for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            self.refresh()

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Without a password: a key that needs one must not ask the terminal.
        context.load_cert_chain(*self._files, password=lambda: b"")
        return context

    def _look(self) -> tuple[FileState | None, ...]:
        return tuple(state_of(path) for path in self._files)

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:  # noqa: ARG002
        connection.context = self._current


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "no certificate and key that belong together"
    return error.strerror or type(error).__name__
