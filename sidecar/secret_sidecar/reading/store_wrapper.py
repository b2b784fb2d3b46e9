"""A store around a store: every call passes one place, where a subclass does something before or after it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

from secret_sidecar.vaults.store import NewValue, Secret, Store, Written

T = TypeVar("T")
Operation = Literal["get", "current_version", "create", "put", "delete", "probe"]


class Wrapped:
    """Forwards every call to another store.

    The methods are no coroutines themselves, so a wrapper that does nothing about a call costs the call nothing.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.backend = store.backend
        self.spelling = store.spelling

    def _around(self, operation: Operation, name: str, call: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:  # noqa: ARG002
        """Return the call, or one that does something before or after it."""
        return call

    def get(
        self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None
    ) -> Coroutine[Any, Any, Secret]:
        """Read a secret."""
        return self._around("get", name, self.store.get(name, deadline, version=version, stage=stage))

    def current_version(self, name: str, deadline: float) -> Coroutine[Any, Any, str]:
        """Return the current version."""
        return self._around("current_version", name, self.store.current_version(name, deadline))

    def create(self, name: str, value: NewValue, deadline: float) -> Coroutine[Any, Any, Written]:
        """Make a secret."""
        return self._around("create", name, self.store.create(name, value, deadline))

    def put(self, name: str, value: NewValue, deadline: float) -> Coroutine[Any, Any, Written]:
        """Give a secret a new value."""
        return self._around("put", name, self.store.put(name, value, deadline))

    def delete(self, name: str, deadline: float) -> Coroutine[Any, Any, Written]:
        """Delete a secret."""
        return self._around("delete", name, self.store.delete(name, deadline))

    def probe(self, name: str, deadline: float) -> Coroutine[Any, Any, None]:
        """Return if the vault answered."""
        return self._around("probe", name, self.store.probe(name, deadline))

    async def close(self) -> None:
        """Close the other store."""
        await self.store.close()
