"""Which certificates are trusted."""

from __future__ import annotations

import logging
import ssl

from secret_sidecar.errors import SettingsError
from secret_sidecar.file_state import FileState, state_of
from secret_sidecar.http_client.origin import Origin

log = logging.getLogger(__name__)


class Trust:
    """The certificates of a file, loaded again for the next connection once the file is another.

    Without a file, those that OpenSSL is told of: SSL_CERT_FILE, else the system's. A file that cannot be loaded
    changes nothing: what was trusted before still is, the log says so, and the next connection looks again.
    """

    def __init__(self, ca_bundle: str | None = None, variable: str = "AWS_CA_BUNDLE") -> None:
        self._ca_bundle = ca_bundle
        self._file = ca_bundle or ssl.get_default_verify_paths().cafile
        self._loaded = self._look()
        self._complained: FileState | None = None
        try:
            self._context = _context(ca_bundle)
        except OSError as error:
            reason = _reason(error)
            raise SettingsError(f"{variable}={ca_bundle!r}: {reason}; expected a file of PEM certificates") from None

    def context(self) -> ssl.SSLContext:
        """Return what verifies chain and host name of a new connection."""
        found = self._look()
        if found != self._loaded:
            self._reload(found)
        return self._context

    def _look(self) -> FileState | None:
        return state_of(self._file) if self._file else None

    def _reload(self, found: FileState | None) -> None:
        try:
            context = _context(self._ca_bundle)
            if self._ca_bundle is None:
                context.load_verify_locations(self._file)  # the system's, of which OpenSSL takes what it can get
            self._context = context
        except OSError as error:
            if found != self._complained:
                log.warning("trusted certificates not loaded", extra={"file": self._file, "reason": _reason(error)})
            self._complained = found
        else:
            self._loaded, self._complained = found, None
            log.info("trusted certificates loaded", extra={"file": self._file})


def trust_for(origin: Origin, ca_bundle: str | None, variable: str = "AWS_CA_BUNDLE") -> Trust | None:
    """Return what is trusted of an https origin; none for http, for each costs memory."""
    return Trust(ca_bundle, variable) if origin.scheme == "https" else None


def _context(ca_bundle: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_bundle)
    context.hostname_checks_common_name = False  # RFC 9110 section 4.3.4: subjectAltName alone says whose it is
    return context


def _reason(error: OSError) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
