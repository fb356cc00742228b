"""Finds generations whose images are in a spool that is out of reach, and gives them up if the operator says so."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from darkroom.domain.model.errors import StorageFault, Superseded
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import GenerationLedger, ImageSpool, ImageStorage
from darkroom.domain.use_cases.drawing import Drawing
from darkroom.domain.use_cases.store import Store
from darkroom.domain.use_cases.work import Work

log = logging.getLogger(__name__)

GIVEN_UP: Final = "images waited in a spool that its operator gave up as lost"


@dataclass(frozen=True, slots=True)
class Left:
    """An unfinished generation that no living process works on.

    `missing` are the indexes of its images that are neither in the storage nor in the spool here: they are in the spool
    named `spool`. If none is missing, a running service finishes the generation.
    """

    generation: Generation
    spool: str
    missing: frozenset[int]


class LostSpools:
    """Finds generations whose images are out of reach, and ends those whose spool is given up.

    A generation that is given up keeps the images that are in reach. If its spool comes back, the images there are set
    aside as evidence.

    It also finishes generations with all images in reach that recovery cannot take, since the ledger names another
    spool for them.
    """

    BATCH: ClassVar = 1000

    def __init__(
        self,
        storage: ImageStorage,
        spool: ImageSpool,
        ledger: GenerationLedger,
        *,
        policy: Policy,
        clock: Callable[[], datetime],
        work: Work | None = None,
    ) -> None:
        """`work` is that of this process if it serves orders; None otherwise."""
        self._storage, self._spool, self._ledger = storage, spool, ledger
        self._policy, self._clock, self._work = policy, clock, work
        # The same `Store` as that of `work`, so that its bound on uploads holds for both.
        self._store = work.store if work else Store(storage, spool, ledger, policy=policy, clock=clock)
        self._since: dict[str, float] = {}
        self._in_reach: frozenset[str] = frozenset()

    @property
    def out_of_reach(self) -> int:
        """How many generations were out of reach at the last look."""
        return len(self._since)

    async def __call__(self) -> int:
        """Give up generations that were out of reach for `lost_spool_after`; return how many were ended.

        A generation with all images in reach is finished at the second look, since recovery takes those that it can
        before that.

        Raises:
            StorageFault, LedgerUnavailable: not now; nothing is lost.
        """
        left = await self.left()
        missing = {one.generation.id: one for one in left if one.missing}
        for drawing in self._work.out_of_reach if self._work else ():
            here = Left(drawing.generation, "", frozenset(drawing.out_of_reach))
            missing[drawing.generation.id] = here
        now = asyncio.get_running_loop().time()
        self._since = {id_: self._since.get(id_, now) for id_ in missing}
        after = self._policy.lost_spool_after
        due = [] if after is None else [one for id_, one in missing.items() if now - self._since[id_] >= after]
        in_reach = [one for one in left if one.generation.state is State.DRAWN and not one.missing]
        due += [one for one in in_reach if one.generation.id in self._in_reach]
        self._in_reach = frozenset(one.generation.id for one in in_reach)
        return sum([await self._end(one) for one in due])

    async def left(self) -> Sequence[Left]:
        """Return up to `BATCH` unfinished generations that no living process works on, oldest first.

        Raises:
            StorageFault, LedgerUnavailable: not now.
        """
        abandoned = await self._ledger.abandoned(self.BATCH)
        drawn = any(one.generation.state is State.DRAWN for one in abandoned)
        in_reach = frozenset(await self._spool.waiting()) if drawn else frozenset()
        left = []
        for one in abandoned:
            id_, missing = one.generation.id, set[int]()
            for image in one.generation.waiting:
                if (id_, image.index) not in in_reach and not await self._storage.holds(image):
                    missing.add(image.index)
            left.append(Left(one.generation, one.spool, frozenset(missing)))
        return left

    async def give_up(self, spool: str) -> Sequence[Generation]:
        """End the generations with missing images in that spool, and return them in their final state.

        Raises:
            StorageFault, LedgerUnavailable: not now; those that were ended before stay ended.
        """
        lost = [one for one in await self.left() if one.missing and one.spool == spool]
        ended = [one.generation.id for one in lost if await self._end(one)]
        return [found for id_ in ended if (found := await self._ledger.find(id_))]

    async def _end(self, left: Left) -> bool:
        """Store the images in reach and record the others as lost; return False if the generation has moved on.

        Raises:
            StorageFault: an image is not in reach any more.
        """
        generation = left.generation
        drawing = Drawing(generation, images={image.index: image for image in generation.waiting})
        kept = [image for image in generation.waiting if image.index not in left.missing]
        for image in kept:
            if not await self._store.try_to_upload(drawing, image):
                raise StorageFault(f"image {image.index} of {generation.id} is now out of reach, too")
        try:
            await self._ledger.record(generation.stored(kept, self._clock(), lost=GIVEN_UP))
        except Superseded:
            return False
        about = {"generation": generation.id}
        if left.missing:
            log.error("given up: %d of its images waited in a spool that is lost", len(left.missing), extra=about)
        else:
            log.info("finished, as all its images were in reach", extra=about)
        await self._store.forget(drawing)
        return True
