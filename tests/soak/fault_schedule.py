"""What happens at the vault: values change all the time, some names fail, and now and then everything does."""

from __future__ import annotations

import asyncio

from tests.soak.expected_state import now
from tests.soak.faults import HARMFUL
from tests.soak.vault import LIFETIME, FaultyName, Vault

BACK_OFF = 31.0
"""Seconds after an outage of STS for which the sidecar may wait before it asks again (refreshing.LONGEST_PAUSE)."""
RENEWED_LATELY = 6.5
"""Seconds for which credentials that were just obtained are not renewed, though refused (refreshing.RENEWED_LATELY)."""
_STS_FAULTS = ("hangs", "reset", "malformed", "denied", "failing", "no issuer")


class FaultSchedule:
    """Runs until it is cancelled; a round of all outages takes `round_` seconds."""

    def __init__(self, vault: Vault, round_: float) -> None:
        self._vault = vault
        self._expected = vault.expected
        self._random = vault.expected.random
        self._round = round_

    async def run(self) -> None:
        """Change values, let names fail, and begin outages, side by side."""
        async with asyncio.TaskGroup() as group:
            for task in (self._changes(), self._statuses(), self._failures(), self._rotation(), self._outages()):
                group.create_task(task)

    async def _changes(self) -> None:
        while True:
            for name in self._random.sample(self._expected.holding, 2):
                self._vault.change(name)
            await asyncio.sleep(0.005)

    async def _statuses(self) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(0, 0.2))
            toggled, fleeting = (self._random.choice(self._expected.of[kind]) for kind in ("toggled", "fleeting"))
            self._vault.set_status(toggled, self._random.choice((200, 403)))
            self._vault.set_status(fleeting, self._random.choice((200, 200, 404, 410)))

    async def _failures(self) -> None:
        """About four names fail at a time, some always and some in part."""
        while True:
            name = self._random.choice(list(self._expected.names))
            fault = self._random.choice(HARMFUL)
            until = now() + self._random.uniform(0.3, 2.5)
            self._vault.faulty_names[name] = FaultyName(fault, self._random.choice((0.3, 1.0)), until)
            await asyncio.sleep(self._random.uniform(0.1, 0.6))

    async def _rotation(self) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(2, 5))
            if self._vault.token_file.exists():
                self._vault.rotate_token()

    async def _outages(self) -> None:
        """Each kind of outage once a round, those of the identity last and together: what they excuse lasts longest."""
        while True:
            for kind in (self._vault_is_down, self._sessions_are_revoked, self._sts_is_down):
                await asyncio.sleep(self._round / 6)
                await kind()
            await asyncio.sleep(LIFETIME / 4)
            await self._token_vanishes()
            await asyncio.sleep(self._round / 2)

    async def _vault_is_down(self) -> None:
        outage = self._vault.journal.begin("down", "the vault is down")
        await self._vault.close()
        await asyncio.sleep(self._random.uniform(0.2, 1.5))
        await self._vault.open()
        outage.end = now() + 0.5

    async def _sessions_are_revoked(self) -> None:
        outage = self._vault.journal.begin("identity", "all sessions are revoked")
        self._vault.revoke_sessions()
        outage.end = now() + RENEWED_LATELY

    async def _sts_is_down(self) -> None:
        fault = self._random.choice(_STS_FAULTS)
        outage = self._vault.journal.begin("identity", f"STS: {fault}")
        self._vault.sts_fault = fault
        if self._random.random() < 0.5:
            self._vault.revoke_sessions()
        await asyncio.sleep(self._random.uniform(1, 4))
        self._vault.sts_fault = None
        outage.end = now() + BACK_OFF

    async def _token_vanishes(self) -> None:
        """For longer than credentials are renewed ahead of time, so that some are missed."""
        file = self._vault.token_file
        outage = self._vault.journal.begin("identity", "the token file vanishes")
        file.unlink()
        await asyncio.sleep(self._random.uniform(1, LIFETIME / 2))
        self._vault.rotate_token()
        outage.end = now() + BACK_OFF
