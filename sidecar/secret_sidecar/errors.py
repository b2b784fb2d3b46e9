"""Everything that can go wrong, as one small tree.

SidecarError
├── SettingsError           the environment does not describe a sidecar
├── BadRequest              the request is malformed or has invalid parameters
│   ├── BodyTooLarge
│   └── BodyNotJson         the Content-Type is not application/json
├── KeyMissing              the secret has no such field
├── NotAnObject             the secret is not a JSON object, so it has no fields
├── TooManyStreams          the limit of event streams is reached
├── Misdirected             the request was for another host, or came through a proxy or from a web page
├── Unauthenticated         the request has no valid token
├── TransportError          one exchange over HTTP failed (http.py raises it, stores and credentials translate it)
│   ├── ConnectFailed       no connection: refused, unknown host, certificate not trusted
│   ├── ConnectionLost      the connection ended before the answer was complete
│   ├── MalformedAnswer     the answer was not HTTP, or too large
│   └── DeadlineExceeded    the deadline passed before any of these
└── VaultError              a read or write failed
    ├── NameRefused         the vault rejected the name
    ├── ValueRefused        the vault rejected the value
    ├── Denied              the cloud refused this identity
    ├── NotFound
    ├── Deleted             marked for deletion
    │   └── Disabled        disabled until somebody enables it
    ├── AlreadyExists       a secret to be created exists
    ├── Conflict            the secret is in a state that does not allow the write
    ├── QuotaExceeded       the vault's limit of secrets or versions is reached
    ├── Overloaded          too many reads are waiting in the sidecar itself
    ├── Throttled
    ├── BadUpstreamResponse an unusable answer, or an undocumented error
    ├── Unavailable         the vault did not answer, or reported a failure
    ├── IdentityUnavailable there are no usable credentials
    │   ├── IdentityDelayed      the identity service did not answer, or reported a failure
    │   ├── IdentityTimedOut     the deadline passed before there were any
    │   ├── TokenRefused         the cloud rejected the caller's own token (shared mode)
    │   └── CredentialsRefused   the vault rejected them
    └── TimedOut            the deadline passed, and no other error occurred before

problems.py gives each its HTTP status. No message holds a secret, a token or a key.
"""

from __future__ import annotations

INVALID_BEARER = 'Bearer realm="secret-sidecar", error="invalid_token"'
"""For WWW-Authenticate, where a token was shown and is not accepted (RFC 6750 section 3.1)."""


class SidecarError(Exception):
    """The root of the tree; `str()` of each error may be shown to the caller."""


class SettingsError(SidecarError):
    """A setting is missing or wrong; the message gives key, value and the form expected."""


class BadRequest(SidecarError):
    """The request is malformed or has invalid parameters."""


class BodyTooLarge(BadRequest):
    """The request body is larger than the limit."""


class BodyNotJson(BadRequest):
    """The Content-Type is not application/json, which a web page cannot send to another origin without a preflight."""


class KeyMissing(SidecarError):
    """The secret is a JSON object without the requested field."""


class NotAnObject(SidecarError):
    """The secret is not a JSON object."""


class TooManyStreams(SidecarError):
    """The limit of event streams is reached; `retry_after` is in seconds."""

    retry_after = 10


class Misdirected(SidecarError):
    """The Host header names another server, or a header is that of a forwarding proxy or a web page."""


class Unauthenticated(SidecarError):
    """The request has no valid token; `challenge` is for WWW-Authenticate (RFC 6750 section 3)."""

    def __init__(self, message: str, challenge: str = 'Bearer realm="secret-sidecar"') -> None:
        super().__init__(message)
        self.challenge = challenge


class TransportError(SidecarError):
    """One exchange over HTTP failed."""


class ConnectFailed(TransportError):
    """No connection could be made, so nothing was sent."""


class ConnectionLost(TransportError):
    """The connection ended before the answer was complete; `received` counts its bytes."""

    def __init__(self, message: str, received: int) -> None:
        super().__init__(message)
        self.received = received


class MalformedAnswer(TransportError):
    """The answer was not HTTP/1.1, or larger than allowed."""


class DeadlineExceeded(TransportError):
    """The deadline passed."""


class VaultError(SidecarError):
    """A read or write failed.

    `code` and `request_id` are the cloud's: if both are set, the cloud decided. `identity` is the role that was used or
    refused. `transient` says whether a retry may help.
    """

    transient = False

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        identity: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.request_id = request_id
        self.identity = identity


class NameRefused(VaultError):
    """The vault rejected the name."""


class ValueRefused(VaultError):
    """The vault rejected the value."""


class Denied(VaultError):
    """The cloud refused this identity, or hides that the name does not exist."""


class NotFound(VaultError):
    """The vault has no such secret, or the secret has no current value."""


class Deleted(VaultError):
    """The secret is marked for deletion."""


class Disabled(Deleted):
    """The secret, or the requested version, is disabled."""


class AlreadyExists(VaultError):
    """A secret that was to be created exists."""


class Conflict(VaultError):
    """The secret is in a state that does not allow the write."""


class QuotaExceeded(VaultError):
    """The vault's limit of secrets, or of versions of this one, is reached."""


class Overloaded(VaultError):
    """The limit of waiting reads is reached; `retry_after` is in seconds."""

    transient = True
    retry_after = 1


class Throttled(VaultError):
    """The vault throttles; `retry_after` is in seconds."""

    transient = True
    retry_after = 1


class BadUpstreamResponse(VaultError):
    """The vault's answer is unusable, or its error is not documented for the call."""


class Unavailable(VaultError):
    """The vault did not answer, or reported a failure of its own."""

    transient = True


class IdentityUnavailable(VaultError):
    """No credentials could be obtained."""


class IdentityDelayed(IdentityUnavailable):
    """No credentials for now: the identity service did not answer, or reported a failure of its own."""

    transient = True


class IdentityTimedOut(IdentityUnavailable):
    """No credentials before the deadline, and no other error occurred before."""


class TokenRefused(IdentityUnavailable):
    """The cloud rejected the caller's own token: it is forged, for somebody else, or expired."""

    challenge = INVALID_BEARER


class CredentialsRefused(IdentityUnavailable):
    """The vault rejected the credentials: expired, revoked, unknown, or signed by a wrong clock."""


class TimedOut(VaultError):
    """The deadline passed, and no other error occurred before."""
