"""Reads and deletes generations, and removes them after the retention time."""

import logging
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from darkroom.domain.model.errors import GenerationRunning, Gone, NotFound, StorageFault, Superseded
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.history import HistoryPage, Search
from darkroom.domain.ports import GenerationLedger, ImageStorage
from darkroom.domain.use_cases.previews import MakePreviews

log = logging.getLogger(__name__)

_ENOUGH: Final = 3
"""A sweep stops calling the storage after this many faults in a row."""


class KeepGenerations:
    """Gives each caller access to its own generations only, and removes old ones."""

    def __init__(
        self,
        *,
        ledger: GenerationLedger,
        storage: ImageStorage,
        clock: Callable[[], datetime],
        previews: MakePreviews | None = None,
    ) -> None:
        """`previews` makes the missing previews of generations that are read; None makes none."""
        self._ledger, self._storage, self._clock, self._previews = ledger, storage, clock, previews

    async def one(self, generation_id: str, caller: str) -> Generation:
        """Return a generation of a caller in its present state.

        Raises:
            NotFound: there is none, or it is another caller's.
            Gone: it was deleted.
        """
        generation = await self._ledger.find(generation_id)
        if generation is None or generation.caller != caller:
            raise NotFound("there is no such generation")
        if generation.erased_at:
            raise Gone("this generation was deleted", charged=generation.charged)
        self._want_previews(generation)
        return generation

    async def page(self, caller: str, search: Search, *, limit: int, before: str | None) -> HistoryPage:
        """Return up to `limit` of a caller's generations that match `search`, newest first.

        They are older than the id `before`; None begins with the newest.
        """
        if search.is_for_all:
            # Read one more than the page holds, to see whether another page follows.
            found = await self._ledger.page(caller, limit=limit + 1, before=before)
            page = HistoryPage(found[:limit], found[limit - 1].id if len(found) > limit else None)
        else:
            page = await self._ledger.search(caller, search, limit=limit, before=before)
        for generation in page.generations:
            self._want_previews(generation)
        return page

    async def delete(self, generation_id: str, caller: str) -> None:
        """Cancel a generation that is still `received`, or remove the images and prompts of one that has ended.

        Raises:
            NotFound, Gone: as for `one`.
            GenerationRunning: it is being drawn or stored, and cannot be deleted before its end.
        """
        while True:
            generation = await self.one(generation_id, caller)
            try:
                if generation.state is State.RECEIVED:
                    await self._ledger.record(generation.cancelled(self._clock()))
                elif generation.state.final:
                    generation = generation.erased(self._clock())
                    await self._ledger.record(generation)
                    await self._empty(generation)
                else:
                    raise GenerationRunning("it is being drawn; delete it when it is finished")
            except Superseded:
                if not generation.state.final:
                    raise GenerationRunning("its state has just changed; read it again") from None
                continue  # a later revision, such as a preview, does not prevent the deletion
            except StorageFault as fault:
                # The row keeps the keys, so a later sweep removes them.
                log.warning("not removed from storage yet: %s", fault, extra={"generation": generation.id})
            return

    async def delete_image(self, generation_id: str, index: int, caller: str) -> None:
        """Remove one image of a generation that has ended; removing it again succeeds.

        Raises:
            NotFound: as for `one`, or it has no image of that index.
            Gone: as for `one`.
            GenerationRunning: it has not ended.
        """
        while True:
            generation = await self.one(generation_id, caller)
            if not generation.state.final:
                raise GenerationRunning("it is being drawn; delete the image when it is finished")
            if all(one.index != index for one in generation.removed):
                try:
                    generation = generation.without(index)
                    await self._ledger.record(generation)
                except LookupError:
                    raise NotFound("it has no image with that index") from None
                except Superseded:
                    continue  # another image may have been removed meanwhile
            try:
                await self._empty(generation)
            except StorageFault as fault:
                log.warning("not removed from storage yet: %s", fault, extra={"generation": generation.id})
            return

    async def sweep(self, *, images: timedelta | None, prompts: timedelta | None) -> int:
        """Erase generations older than `images`, and forget prompts older than `prompts`; None keeps them.

        It also removes images of deleted generations that are still in the storage, and redates orders of a wrong
        clock. Returns the number of generations erased, forgotten or emptied. Safe to run on every machine.
        """
        if dated := await self._ledger.date_back(self._clock()):
            log.warning("%d orders were dated by a clock that was ahead; their times are set to now", dated)
        steps, faults, stuck = 0, 0, set[str]()
        while True:
            now, before = self._clock(), steps
            due = await self._ledger.sweepable(
                erase_before=now - images if images else None, forget_before=now - prompts if prompts else None
            )
            # In random order, so that generations that cannot be removed do not always come before the others.
            for generation in random.sample(due, len(due)):
                try:
                    if generation.erased_at is None and images is not None and generation.created_at < now - images:
                        await self._ledger.record(generation.erased(now))
                    elif prompts is not None and generation.prompts_kept and generation.created_at < now - prompts:
                        await self._ledger.record(generation.forgotten())
                    elif faults < _ENOUGH and generation.id not in stuck:
                        await self._empty(generation)
                        faults = 0
                    else:
                        continue
                    steps += 1
                except Superseded:
                    log.info("swept by another worker", extra={"generation": generation.id})
                except StorageFault as fault:
                    faults += 1
                    stuck.add(generation.id)
                    log.warning("not removed from storage yet: %s", fault, extra={"generation": generation.id})
            if steps == before:
                return steps

    def _want_previews(self, generation: Generation) -> None:
        if self._previews:
            self._previews.want(generation)

    async def _empty(self, generation: Generation) -> None:
        for key in generation.to_be_emptied:
            await self._storage.delete(key)
        if generation.to_be_emptied:
            with suppress(Superseded):  # another worker has done the same
                await self._ledger.record(generation.emptied())
