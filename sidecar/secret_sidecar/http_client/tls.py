"""Which certificates are trusted, and which one is shown."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass

from secret_sidecar.errors import SettingsError
from secret_sidecar.file_state import FileState, state_of
from secret_sidecar.http_client.origin import Origin

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClientCertificate:
    """What is shown to a server that wants to know who connects: two files of PEM, by the variables that name them."""

    certificate: str
    key: str
    variables: tuple[str, str]

    def load_into(self, context: ssl.SSLContext) -> None:
        """Show it in every connection of a context, or raise OSError."""
        context.load_cert_chain(self.certificate, self.key, password="")  # or a person would be asked for one

    def wrong(self, error: OSError) -> SettingsError:
        """Return the error for files that cannot be loaded."""
        certificate, key = self.variables
        return SettingsError(
            f"{certificate}={self.certificate!r} and {key}={self.key!r}: {_reason(error)}; expected a PEM certificate, "
            "with its chain, and its key without a password"
        )


class Trust:
    """The certificates of a file, loaded again for the next connection once the file is another.

    Without a file, those that OpenSSL is told of: SSL_CERT_FILE, else the system's. A file that cannot be loaded
    changes nothing: what was trusted before still is, the log says so, and the next connection looks again. The same
    holds for the certificate that is shown to the server, if there is one.
    """

    def __init__(
        self, ca_bundle: str | None = None, variable: str = "AWS_CA_BUNDLE", client: ClientCertificate | None = None
    ) -> None:
        self._ca_bundle = ca_bundle
        self._client = client
        self._file = ca_bundle or ssl.get_default_verify_paths().cafile
        self._files = [self._file, *((client.certificate, client.key) if client else ())]
        self._loaded = self._look()
        self._complained: list[FileState | None] | None = None
        try:
            self._context = _context(ca_bundle)
        except OSError as error:
            reason = _reason(error)
            raise SettingsError(f"{variable}={ca_bundle!r}: {reason}; expected a file of PEM certificates") from None
        if client is not None:
            try:
                client.load_into(self._context)
            except OSError as error:
                raise client.wrong(error) from None

    def context(self) -> ssl.SSLContext:
        """Return what verifies chain and host name of a new connection."""
        found = self._look()
        if found != self._loaded:
            self._reload(found)
        return self._context

    def _look(self) -> list[FileState | None]:
        return [state_of(file) if file else None for file in self._files]

    def _reload(self, found: list[FileState | None]) -> None:
        try:
            context = _context(self._ca_bundle)
            if self._ca_bundle is None and self._file is not None:
                context.load_verify_locations(self._file)  # the system's, of which OpenSSL takes what it can get
            if self._client is not None:
                self._client.load_into(context)
            self._context = context
        except OSError as error:
            if found != self._complained:
                log.warning("certificates not loaded", extra={"files": self._files, "reason": _reason(error)})
            self._complained = found
        else:
            self._loaded, self._complained = found, None
            log.info("certificates loaded", extra={"files": self._files})


def trust_for(
    origin: Origin, ca_bundle: str | None, variable: str = "AWS_CA_BUNDLE", client: ClientCertificate | None = None
) -> Trust | None:
    """Return what is trusted of an https origin, and shown to it; none for http, for each costs memory."""
    return Trust(ca_bundle, variable, client) if origin.scheme == "https" else None


def _context(ca_bundle: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_bundle)
    context.hostname_checks_common_name = False  # RFC 9110 section 4.3.4: subjectAltName alone says whose it is
    return context


def _reason(error: OSError) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
