"""A store around a store: what wrappers have in common, which is to hand everything on."""

from __future__ import annotations

from secret_sidecar.vaults.store import NewValue, Secret, Store, Written


class Wrapped:
    """Hands every call on to another store; subclasses do something before or after."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.backend = store.backend
        self.spelling = store.spelling

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read a secret."""
        return await self.store.get(name, deadline, version=version, stage=stage)

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the current version."""
        return await self.store.current_version(name, deadline)

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Make a secret."""
        return await self.store.create(name, value, deadline)

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Give a secret a new value."""
        return await self.store.put(name, value, deadline)

    async def delete(self, name: str, deadline: float) -> Written:
        """Delete a secret."""
        return await self.store.delete(name, deadline)

    async def probe(self, name: str, deadline: float) -> None:
        """Return if the vault answered."""
        await self.store.probe(name, deadline)

    async def close(self) -> None:
        """Close the other store."""
        await self.store.close()
