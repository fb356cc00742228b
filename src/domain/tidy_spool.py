"""Removing from the spool what a crash left there after its generation had ended."""

import logging

from domain.draw_generation import generation_of
from domain.ports import GenerationLedger, ImageSpool

log = logging.getLogger(__name__)


class TidySpool:
    """A spool file goes after its generation's end is written down; a crash between the two leaves it behind."""

    def __init__(self, *, spool: ImageSpool, ledger: GenerationLedger) -> None:
        self._spool, self._ledger = spool, ledger

    async def __call__(self) -> int:
        """Remove what belongs to generations at their end; how many names it were.

        Raises:
            StorageFault, LedgerUnavailable: not now; nothing is lost.
        """
        removed = 0
        for name in await self._spool.names():
            generation = await self._ledger.find(generation_of(name))
            if generation is not None and generation.state.final:
                await self._spool.remove(name)
                removed += 1
        if removed:
            log.info("removed %d images from the spool whose generations had ended", removed)
        return removed
