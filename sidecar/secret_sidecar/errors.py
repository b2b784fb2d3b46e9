"""Everything that can go wrong, as one small tree.

SidecarError
├── SettingsError           the environment does not describe a sidecar
├── BadRequest              the caller asked for something that cannot be asked
│   ├── BodyTooLarge
│   └── BodyNotJson         the body says that it is something else
├── KeyMissing              the secret has no such field
├── NotAnObject             the secret is no JSON object, so no field of it can be picked
├── TooManyStreams          as many callers listen as may
├── Misdirected             the request was not meant for this sidecar, or came by way of another server or a web page
├── Unauthenticated         the request has not the token that is expected
├── TransportError          one exchange over HTTP failed (http.py raises it, stores and credentials translate it)
│   ├── ConnectFailed       no connection: refused, unknown host, certificate not trusted
│   ├── ConnectionLost      the connection ended before a whole answer was there
│   ├── MalformedAnswer     what came was not HTTP, or too large
│   └── DeadlineExceeded    nothing of the above had happened when the time was up
└── VaultError              what a read ends with
    ├── NameRefused         the vault does not take such a name
    ├── ValueRefused        the vault does not take such a value
    ├── Denied              the cloud refused this identity
    ├── NotFound
    ├── Deleted             marked for deletion
    │   └── Disabled        switched off by somebody, until it is switched on again
    ├── AlreadyExists       there is a secret of that name, and it was to be a new one
    ├── Conflict            the secret is in a state that does not allow the write
    ├── QuotaExceeded       the vault keeps no more secrets or versions
    ├── Overloaded          too many reads are waiting in the sidecar itself
    ├── Throttled
    ├── BadUpstreamResponse           an answer that is no answer, or an error that nobody documented
    ├── Unavailable         the vault did not answer, or said that it cannot
    ├── IdentityUnavailable there are no credentials that could be used
    │   ├── IdentityDelayed      the identity service did not answer, or said that it cannot
    │   ├── IdentityTimedOut     the deadline passed while they were asked for
    │   ├── TokenRefused         the cloud does not take the caller's own token (shared mode)
    │   └── CredentialsRefused   the vault did not accept those that were used
    └── TimedOut            the deadline passed and nothing else had gone wrong

problems.py gives each its HTTP status. No message holds a secret, a token or a key.
"""

from __future__ import annotations


class SidecarError(Exception):
    """The root of the tree; `str()` of each error may be shown to the caller."""


class SettingsError(SidecarError):
    """A setting is missing or wrong; the message gives key, value and the form expected."""


class BadRequest(SidecarError):
    """The request cannot be answered as it was asked."""


class BodyTooLarge(BadRequest):
    """The request's body is larger than any that is of use."""


class BodyNotJson(BadRequest):
    """The Content-Type is not application/json, which a web page cannot send to another origin unasked."""


class KeyMissing(SidecarError):
    """The secret is a JSON object without such a field."""


class NotAnObject(SidecarError):
    """The secret is no JSON object."""


class TooManyStreams(SidecarError):
    """As many callers listen for events as may; `retry_after` is in seconds."""

    retry_after = 10


class Misdirected(SidecarError):
    """The Host header names another server, or a header tells of a forwarding one."""


class Unauthenticated(SidecarError):
    """The request has not the token that is expected; `challenge` is for WWW-Authenticate (RFC 6750 section 3)."""

    def __init__(self, message: str, challenge: str = 'Bearer realm="secret-sidecar"') -> None:
        super().__init__(message)
        self.challenge = challenge


class TransportError(SidecarError):
    """One exchange over HTTP failed."""


class ConnectFailed(TransportError):
    """No connection could be made, so nothing was sent."""


class ConnectionLost(TransportError):
    """The connection ended before the whole answer was there; `received` counts the answer's bytes until then."""

    def __init__(self, message: str, received: int) -> None:
        super().__init__(message)
        self.received = received


class MalformedAnswer(TransportError):
    """What came was not HTTP/1.1, or larger than allowed."""


class DeadlineExceeded(TransportError):
    """The time was up."""


class VaultError(SidecarError):
    """A read that did not succeed.

    `code` and `request_id` are the cloud's own: where both are set, the cloud decided. `identity` is the role that was
    used or refused. `transient` says whether asking again may help.
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
    """The vault does not take such a name."""


class ValueRefused(VaultError):
    """The vault does not take such a value."""


class Denied(VaultError):
    """The cloud refused this identity; it may hide so that the name does not exist."""


class NotFound(VaultError):
    """The vault has no such secret, or the secret has no current value."""


class Deleted(VaultError):
    """The secret is marked for deletion."""


class Disabled(Deleted):
    """The secret, or the version asked for, is switched off."""


class AlreadyExists(VaultError):
    """A secret that was to be created exists."""


class Conflict(VaultError):
    """The secret is in a state that does not allow the write."""


class QuotaExceeded(VaultError):
    """The vault keeps no more secrets, or no more versions of this one."""


class Overloaded(VaultError):
    """As many reads wait in the sidecar as may; `retry_after` is in seconds."""

    transient = True
    retry_after = 1


class Throttled(VaultError):
    """The vault answers no more for now; `retry_after` is in seconds."""

    transient = True
    retry_after = 1


class BadUpstreamResponse(VaultError):
    """The vault's answer makes no sense, or its error is none that a read can have."""


class Unavailable(VaultError):
    """The vault did not answer, or said that it cannot for now."""

    transient = True


class IdentityUnavailable(VaultError):
    """No credentials could be obtained."""


class IdentityDelayed(IdentityUnavailable):
    """No credentials could be obtained just now: the identity service did not answer, or said that it cannot."""

    transient = True


class IdentityTimedOut(IdentityUnavailable):
    """No credentials could be obtained before the deadline, and nothing else had gone wrong."""


class TokenRefused(IdentityUnavailable):
    """The cloud does not take the caller's own token: it is not what it says, or has expired."""

    challenge = 'Bearer realm="secret-sidecar", error="invalid_token"'


class CredentialsRefused(IdentityUnavailable):
    """The vault did not accept the credentials: expired, revoked, unknown, or signed by a wrong clock."""


class TimedOut(VaultError):
    """The deadline passed and nothing else had gone wrong."""
