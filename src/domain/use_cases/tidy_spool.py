"""Removing from the spool what a crash left there after its generation had ended."""

import logging

from darkroom.domain.ports import GenerationLedger, ImageSpool
from darkroom.domain.use_cases.draw_generation import QUOTING, generation_of, spool_name

log = logging.getLogger(__name__)


class TidySpool:
    """A spool file goes after its generation's end is written down; a crash between the two leaves it behind.

    An image may also be left by a machine that died before it was written down as drawn, and whose work another one
    has ended meanwhile: it was paid for, so it is set aside for the operator.
    """

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
            if generation is None or not generation.state.final:
                continue
            stored = {spool_name(generation, image.index) for image in generation.images}
            if name not in stored and not generation.erased_at:
                await self._set_aside(name)
            await self._spool.remove(name)
            removed += 1
        if removed:
            log.info("removed %d images from the spool whose generations had ended", removed)
        return removed

    async def evidence(self) -> int:
        """Remove evidence whose generation was erased, or whose prompts are forgotten that it may quote; how much.

        Raises:
            StorageFault, LedgerUnavailable: not now; nothing is lost.
        """
        removed = 0
        for name in await self._spool.aside_names():
            generation = await self._ledger.find(generation_of(name))
            if generation is None:
                continue
            if generation.erased_at or (QUOTING in name.split(".") and not generation.prompts_kept):
                await self._spool.remove_aside(name)
                removed += 1
        return removed

    async def _set_aside(self, name: str) -> None:
        image = await self._spool.get(name)
        if image is not None:
            log.warning("set aside %s, which was never stored", name)
            await self._spool.set_aside(name, image)
