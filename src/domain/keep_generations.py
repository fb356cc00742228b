"""What becomes of generations after they were drawn: they are looked at, deleted, and forgotten in time."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from domain.errors import GenerationRunning, Gone, NotFound, StorageFault, Superseded
from domain.generation import Generation, State
from domain.ports import GenerationLedger, ImageStorage

log = logging.getLogger(__name__)


class KeepGenerations:
    """The caller's own generations; another's are not found."""

    def __init__(self, *, ledger: GenerationLedger, storage: ImageStorage, clock: Callable[[], datetime]) -> None:
        self._ledger, self._storage, self._clock = ledger, storage, clock

    async def one(self, generation_id: str, caller: str) -> Generation:
        """One generation as it stands.

        Raises:
            NotFound: there is none, or it is another caller's.
            Gone: it was deleted.
        """
        generation = await self._ledger.find(generation_id)
        if generation is None or generation.caller != caller:
            raise NotFound("there is no such generation")
        if generation.erased_at:
            raise Gone("this generation was deleted", charged=generation.charged)
        return generation

    async def page(self, caller: str, *, limit: int, before: str | None) -> Sequence[Generation]:
        """A caller's generations, newest first, older than the id `before`."""
        return await self._ledger.page(caller, limit=limit, before=before)

    async def delete(self, generation_id: str, caller: str) -> None:
        """Cancel it while nothing is spent; after its end remove its images and its prompts.

        Raises:
            NotFound, Gone: as for `one`.
            GenerationRunning: it is on its way, and cannot be deleted before its end.
        """
        generation = await self.one(generation_id, caller)
        try:
            if generation.state is State.RECEIVED:
                await self._ledger.record(generation.cancelled(self._clock()))
            elif generation.state.final:
                await self._erase(generation)
            else:
                raise GenerationRunning("it is being drawn; delete it when it is finished")
        except Superseded:
            raise GenerationRunning("it has just moved on; look at it again") from None

    async def sweep(self, *, images: timedelta | None, prompts: timedelta | None) -> int:
        """Forget what is older than it may become; how many generations were touched. Safe on every machine."""
        now = self._clock()
        due = await self._ledger.sweepable(
            erase_before=now - images if images else None, forget_before=now - prompts if prompts else None
        )
        swept = 0
        for generation in due:
            try:
                whole = generation.erased_at or (images and generation.created_at < now - images)
                await (self._erase(generation) if whole else self._ledger.record(generation.forgotten()))
                swept += 1
            except Superseded:
                log.info("swept by another worker", extra={"generation": generation.id})
        return swept

    async def _erase(self, generation: Generation) -> None:
        if generation.erased_at is None:
            generation = generation.erased(self._clock())
            await self._ledger.record(generation)
        try:
            for image in generation.images:
                await self._storage.delete(image.key)
        except StorageFault as fault:
            # The row remembers the keys, so the sweep comes back for them.
            log.warning("not removed from storage yet: %s", fault, extra={"generation": generation.id})
            return
        if generation.images:
            await self._ledger.record(generation.emptied())
