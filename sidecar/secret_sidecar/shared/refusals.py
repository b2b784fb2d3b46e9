"""Limits on exchanges of bad tokens, which count against the cloud's quotas, and on who waits for one.

A token that was refused is refused again for a while without a call; and who keeps showing others, each of them new, is
asked to wait: callers who are known already go on being served.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from secret_sidecar.errors import (
    Denied,
    Overloaded,
    SidecarError,
    TokenRefused,
    VaultError,
)

DECIDED = 5.0
"""Seconds for which the cloud's refusal of a token is repeated without a call."""
FAILED = 1.0
"""The same for any other failure of an exchange."""
MOST = 4096
"""Tokens, and addresses, that are remembered; those remembered longest go first."""
PER_PEER = 32
"""Exchanges of one address that are under way, or were refused within WINDOW seconds."""
WAITING_PER_PEER = 128
"""Requests of one address that wait for an exchange: each holds a connection, and nobody knows yet who sent it."""
WINDOW = 10.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error without the frames that it came through, which hold the token."""

    kind: type[SidecarError]
    detail: str
    code: str | None
    request_id: str | None
    identity: str | None

    @classmethod
    def of(cls, error: VaultError) -> Refusal:
        """Return what is to be repeated of an error."""
        return cls(type(error), str(error), error.code, error.request_id, error.identity)

    def error(self) -> SidecarError:
        """Return the error anew."""
        if issubclass(self.kind, VaultError):
            return self.kind(self.detail, code=self.code, request_id=self.request_id, identity=self.identity)
        return self.kind(self.detail)


class Refusals:
    """Refused tokens, by their digests."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refused: OrderedDict[bytes, tuple[Refusal, float]] = OrderedDict()

    def add(self, digest: bytes, refusal: Refusal) -> None:
        """Remember that a token was refused, or could not be exchanged."""
        lasts = DECIDED if issubclass(refusal.kind, TokenRefused | Denied) else FAILED
        self._refused[digest] = (refusal, self._clock() + lasts)
        self._refused.move_to_end(digest)
        if len(self._refused) > MOST:
            self._refused.popitem(last=False)

    def check(self, digest: bytes) -> None:
        """Raise the error of a token that was refused just now."""
        if (found := self._refused.get(digest)) is None:
            return
        refusal, until = found
        if self._clock() < until:
            raise refusal.error()
        del self._refused[digest]


@dataclass(slots=True)
class _Peer:
    under_way: int = 0
    waiting: int = 0
    refused: deque[float] = field(default_factory=deque)


class Peers:
    """The exchanges of each address."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._peers: OrderedDict[str, _Peer] = OrderedDict()

    def begin(self, address: str) -> None:
        """Count an exchange that begins, or raise Overloaded."""
        peer = self._of(address)
        while peer.refused and peer.refused[0] <= self._clock() - WINDOW:
            peer.refused.popleft()
        if peer.under_way + len(peer.refused) >= PER_PEER:
            raise Overloaded(f"too many tokens from {address} were refused: expected fewer in {WINDOW:g} seconds")
        peer.under_way += 1

    @contextmanager
    def waiting(self, address: str) -> Iterator[None]:
        """Count a request that waits for an exchange, or raise Overloaded."""
        peer = self._of(address)
        if peer.waiting >= WAITING_PER_PEER:
            raise Overloaded(
                f"{peer.waiting} requests from {address} wait for their tokens' exchange: expected fewer at a time"
            )
        peer.waiting += 1
        try:
            yield
        finally:
            peer.waiting -= 1

    def end(self, address: str, *, refused: bool) -> None:
        """Count how it ended."""
        peer = self._peers.get(address)
        if peer is None:
            return
        peer.under_way = max(0, peer.under_way - 1)
        if refused:
            peer.refused.append(self._clock())

    def _of(self, address: str) -> _Peer:
        peer = self._peers.setdefault(address, _Peer())
        self._peers.move_to_end(address)
        if len(self._peers) > MOST:
            self._peers.popitem(last=False)
        return peer
