"""A fake's server, for what asks it from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from local.http_service import Listener


@contextmanager
def served(listener: Listener) -> Iterator[None]:
    """Serve in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(listener.open(), loop).result()
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(listener.close(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
