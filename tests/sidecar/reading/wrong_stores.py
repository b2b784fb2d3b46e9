"""Stores that are wrong in one point each: the schedules of test_freshness.py must find it."""

from __future__ import annotations

import asyncio
from typing import Any

from secret_sidecar.reading.freshness import REFUSALS, Fresh, Key
from secret_sidecar.vaults.store import Secret


class JoinsUnderWay(Fresh):
    """Wrong: whoever comes joins the call that is under way (what is usually called single flight)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._under_way: dict[str, asyncio.Task[Secret]] = {}

    async def get(self, name: str, deadline: float, **_: Any) -> Secret:
        """Read a secret."""
        if name not in self._under_way or self._under_way[name].done():
            self._under_way[name] = asyncio.create_task(super().get(name, deadline))
        return await asyncio.shield(self._under_way[name])


class CountsFromTheAnswer(Fresh):
    """Wrong: the time to live begins when the answer comes."""

    async def _fetch_and_keep(self, key: Key, deadline: float) -> Secret:
        assert self.keep is not None
        secret = await super()._fetch_and_keep(key, deadline)
        if kept := self.keep.find(key[0], (None, None)):
            kept.sent = self._clock()
        return secret


class KeepsWhatWasRefused(Fresh):
    """Wrong: a refusal leaves what is kept."""

    async def _fetch_and_keep(self, key: Key, deadline: float) -> Secret:
        assert self.keep is not None
        fetch = self.keep.begin(key[0], self._clock())
        secret = await self._fetch(key, deadline)
        self._remember(fetch, key, secret)
        return secret


class IgnoresTheNews(Fresh):
    """Wrong: the news of another version leaves what is kept."""

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the current version."""
        try:
            return await self.store.current_version(name, deadline)
        except REFUSALS:
            assert self.keep is not None
            self.keep.forget(name)
            raise


class IgnoresRefusedLooks(Fresh):
    """Wrong: a 403 to a look never counts, even where looks were allowed before."""

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the current version."""
        self._looks[name] = None
        return await super().current_version(name, deadline)


class KeepsWhatWasUnderWay(Fresh):
    """Wrong: what was asked for before a refusal is kept after it."""

    async def _fetch_and_keep(self, key: Key, deadline: float) -> Secret:
        assert self.keep is not None
        sent = self._clock()
        secret = await super()._fetch_and_keep(key, deadline)
        fetch = self.keep.begin(key[0], sent)
        self._remember(fetch, key, secret)
        self.keep.end(fetch)
        return secret
