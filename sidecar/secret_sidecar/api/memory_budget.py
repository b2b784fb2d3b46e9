"""How much memory answers may take that are made of many secrets, all together."""

from __future__ import annotations

from secret_sidecar.errors import Overloaded

MOST = 48 << 20
"""Bytes: the largest answer there can be, 100 values of 64 KiB that JSON escapes, with the values it is made of."""


class Room:
    """What there is for all."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.used = 0


class Place:
    """What one answer takes of it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._used = 0

    def take(self, size: int) -> None:
        """Take so many bytes more, or raise Overloaded."""
        room = self._room
        if room.used + size > room.most:
            raise Overloaded(f"{room.used} bytes of batches are in memory: expected at most {room.most} at a time")
        room.used += size
        self._used += size

    def give(self, size: int) -> None:
        """Give so many bytes back."""
        self._room.used -= size
        self._used -= size

    def leave(self) -> None:
        """Give all back."""
        self.give(self._used)
