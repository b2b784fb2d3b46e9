"""What is in memory: every text that can be reached from an object."""

from __future__ import annotations

import asyncio
import gc
import logging
from types import FunctionType, ModuleType

_SKIPPED = (ModuleType, type, logging.Logger, asyncio.AbstractEventLoop)


def texts(root: object) -> str:
    """All texts that can be reached, but for modules, classes and the loop, which has the test too."""
    gc.collect()
    seen: set[int] = set()
    found: set[str] = set()
    todo: list[object] = [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, _SKIPPED):
            continue
        seen.add(id(thing))
        if isinstance(thing, str | bytes):
            found.add(thing if isinstance(thing, str) else thing.decode("latin-1"))
        elif isinstance(thing, FunctionType):
            todo += [cell.cell_contents for cell in thing.__closure__ or ()]
        else:
            todo += gc.get_referents(thing)
    return " ".join(found)
