"""Which certificates are trusted."""

from __future__ import annotations

import ssl

from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.origin import Origin


def context_for(origin: Origin, ca_bundle: str | None, variable: str = "AWS_CA_BUNDLE") -> ssl.SSLContext | None:
    """Return a context for an https origin; none for http, for each costs memory."""
    return context(ca_bundle, variable) if origin.scheme == "https" else None


def context(ca_bundle: str | None, variable: str = "AWS_CA_BUNDLE") -> ssl.SSLContext:
    """Return a context that verifies chain and host name.

    It trusts the bundle if one is given (by `variable`), else what OpenSSL is told to (SSL_CERT_FILE, the system's).
    """
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise SettingsError(f"{variable}={ca_bundle!r}: {reason}; expected a file of PEM certificates") from None
