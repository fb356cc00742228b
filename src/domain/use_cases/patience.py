"""Trying again what is free to try: writing to the ledger, the spool and the storage."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

from darkroom.domain.model.errors import LedgerUnavailable, StorageFault

T = TypeVar("T")
log = logging.getLogger(__name__)

# Seconds. The longest keeps the promise that what waits is stored within a minute of the storage's return.
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 15.0


def pauses() -> Iterator[float]:
    """Seconds to wait between tries: doubling, each with jitter, so that many who wait do not come at once."""
    longest = FIRST_PAUSE
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311  # jitter is no secret
        longest = min(longest * 2, LONGEST_PAUSE)


async def patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    """Do it, however long that takes: for what was paid for there is no giving up while the process lives."""
    waits = pauses()
    while True:
        try:
            return await attempt()
        except (StorageFault, LedgerUnavailable) as fault:
            pause = next(waits)
            log.warning("trying again in %.1f s: %s", pause, fault)
            await asyncio.sleep(pause)
