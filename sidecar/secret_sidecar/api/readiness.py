"""Ready once the identity was obtained and the vault has answered it; then it stays so.

A vault that fails later must not take every pod out of service, and no probe of the kubelet's costs a call: one task
asks until it has an answer.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Protocol

from secret_sidecar import problems
from secret_sidecar.errors import VaultError
from secret_sidecar.retry import full_jitter
from secret_sidecar.settings import Settings

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
"""One word, as most clouds spell a code: InvalidIdentityToken, PERMISSION_DENIED, AADSTS700213, invalid_grant."""

log = logging.getLogger(__name__)


class Probed(Protocol):
    """What is asked: a store, or the shared mode's service."""

    async def probe(self, name: str, deadline: float) -> None:
        """Return if the vault answered."""
        ...


class Readiness:
    """Whether the vault has answered, and if not, why: no identity, name or address, for every address may ask."""

    def __init__(self, store: Probed, settings: Settings) -> None:
        self._store = store
        self._timeout = settings.timeout
        self._name = settings.names[0] if settings.names else f"{settings.prefix}readiness"
        self._ready = asyncio.Event()
        self.reason = "the vault has not been asked yet"

    @property
    def is_ready(self) -> bool:
        """Whether the vault has answered the identity once."""
        return self._ready.is_set()

    async def wait(self) -> None:
        """Return when it has."""
        await self._ready.wait()

    async def run(self) -> None:
        """Ask the vault until it answers, ever less often."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self.is_ready:
            try:
                await self._store.probe(self._name, loop.time() + self._timeout)
            except VaultError as error:
                self.reason = _reason(error)
                log.warning("not ready", extra={"reason": str(error), "code": error.code})
            except Exception:  # an internal error: logged, and asked again, or the pod would wait for ever
                self.reason = problems.INTERNAL_ERROR.title
                log.exception("not ready")
            else:
                self._ready.set()
                log.info("ready")
                return
            failures += 1
            await asyncio.sleep(full_jitter(failures, FIRST_PAUSE, LONGEST_PAUSE))


def _reason(error: VaultError) -> str:
    """Return what may be told of an error: its kind, and its code unless that is a sentence, as Vault's are."""
    title = problems.kind_of(error).title
    return f"{title}: {error.code}" if _CODE.fullmatch(error.code or "") else title
