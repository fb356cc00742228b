"""What waits for images in a spool that is out of reach: it is looked for, and given up if the operator says so."""

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

    `missing` are the indexes of its images that lie neither in the storage nor in a spool in reach, but in `spool`. If
    there are none, a service finishes it.
    """

    generation: Generation
    spool: str
    missing: frozenset[int]


class LostSpools:
    """Finds the generations whose images are out of reach, and ends those whose spool is given up.

    It also finishes what recovery cannot take up, since it waits in another spool by its row, while all its images are
    in the storage already.

    What is given up keeps the images that are in reach. If the spool comes back, its images are set aside as evidence.
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
        """`work`: what this process is at, if it is one that serves."""
        self._storage, self._spool, self._ledger = storage, spool, ledger
        self._policy, self._clock, self._work = policy, clock, work
        # Of a process that serves it is the same one, so that its bound on uploads holds for all of them.
        self._store = work.store if work else Store(storage, spool, ledger, policy=policy, clock=clock)
        self._since: dict[str, float] = {}
        self._in_reach: frozenset[str] = frozenset()

    @property
    def out_of_reach(self) -> int:
        """How many generations were out of reach when this process looked last."""
        return len(self._since)

    async def __call__(self) -> int:
        """Look, and give up what this process has seen out of reach for longer than the policy allows.

        What is in reach is finished if it was so at the last look already: recovery takes up sooner what it can.

        Returns how many were given up or finished.

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
        """What no living process works on, the oldest first.

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
        """End what waits for images in that spool; returns the generations as they ended.

        Raises:
            StorageFault, LedgerUnavailable: not now; what was ended by then stays so.
        """
        lost = [one for one in await self.left() if one.missing and one.spool == spool]
        ended = [one.generation.id for one in lost if await self._end(one)]
        return [found for id_ in ended if (found := await self._ledger.find(id_))]

    async def _end(self, left: Left) -> bool:
        """Store what is in reach of it, and write down that the rest, if any, is lost; False if it has moved on."""
        generation = left.generation
        drawing = Drawing(generation, images={image.index: image for image in generation.waiting})
        kept = [image for image in generation.waiting if image.index not in left.missing]
        for image in kept:
            if not await self._store.try_to_upload(drawing, image):
                raise StorageFault(f"image {image.index} of {generation.id} is out of reach too by now")
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
