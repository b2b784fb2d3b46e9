"""Which certificates are trusted, and which one is shown."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass

from secret_sidecar.errors import SettingsError
from secret_sidecar.file_state import FileState, state_of

SYSTEM = "SSL_CERT_FILE"
"""OpenSSL's own variable."""
STRICT = "SECRETS_TLS_STRICT"
# X509_V_ERR_… of <openssl/x509_vfy.h> that are found only by X509_V_FLAG_X509_STRICT.
_STRICT_CODES = range(80, 95)

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

    Without a file, `ca_data` (PEM), which does not change, or those that OpenSSL is told of: SSL_CERT_FILE, else the
    system's. A file that cannot be loaded
    changes nothing: what was trusted before still is, the log says so, and the next connection looks again. The same
    holds for the certificate that is shown to the server, if there is one.

    `strict` is what Python has by default from 3.13 on, and here with every version: certificates have to be as RFC
    5280 says, a leaf with an authority key identifier, say, and an authority with critical basic constraints.
    """

    def __init__(
        self,
        ca_bundle: str | None = None,
        variable: str = SYSTEM,
        client: ClientCertificate | None = None,
        *,
        ca_data: str | None = None,
        strict: bool = True,
    ) -> None:
        self._ca_bundle = ca_bundle
        self._ca_data = ca_data
        self._strict = strict
        self._client = client
        self._file = None if ca_data else ca_bundle or ssl.get_default_verify_paths().cafile
        self._files = [self._file, *((client.certificate, client.key) if client else ())]
        self._loaded = self._look()
        self._complained: list[FileState | None] | None = None
        try:
            self._context = _context(ca_bundle, ca_data, strict=strict)
        except OSError as error:
            given, expected = (
                (repr(ca_bundle), "a file of PEM certificates") if not ca_data else ("…", "PEM certificates")
            )
            raise SettingsError(f"{variable}={given}: {_reason(error)}; expected {expected}") from None
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
            context = _context(self._ca_bundle, self._ca_data, strict=self._strict)
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


def why_untrusted(error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with a certificate, and the setting that accepts it if there is one."""
    way_out = f" (RFC 5280; {STRICT}=false accepts it)" if error.verify_code in _STRICT_CODES else ""
    return f"{error.verify_message}{way_out}"


def _context(ca_bundle: str | None, ca_data: str | None, *, strict: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_bundle, cadata=ca_data)
    context.hostname_checks_common_name = False  # RFC 9110 section 4.3.4: subjectAltName alone says whose it is
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    if strict:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    else:
        context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    return context


def _reason(error: OSError) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
