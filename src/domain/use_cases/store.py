"""Stores a generation, from `drawn` to `stored`: free, and retried until it is done."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from darkroom.domain.model.errors import Superseded
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import RECEIPT, GenerationLedger, ImageSpool, ImageStorage, seed_index
from darkroom.domain.use_cases.drawing import Drawing
from darkroom.domain.use_cases.patience import LONGEST_PAUSE, OutOfPatience, found_patiently, once, patiently, pauses
from darkroom.domain.use_cases.storage_trial import StorageTrial

log = logging.getLogger(__name__)


class Store:
    """Uploads spooled images, retrying until the storage accepts them, and then removes them from the spool."""

    def __init__(
        self,
        storage: ImageStorage,
        spool: ImageSpool,
        ledger: GenerationLedger,
        *,
        policy: Policy,
        clock: Callable[[], datetime],
        trial: StorageTrial | None = None,
    ) -> None:
        """`trial` is informed of refusals; None for a process that accepts no orders."""
        self._trial = trial or StorageTrial(storage)
        self._storage, self._spool, self._ledger = storage, spool, ledger
        self._policy, self._clock = policy, clock
        self._uploads = asyncio.Semaphore(policy.uploads)

    async def __call__(self, drawing: Drawing, known: Callable[[Generation], None]) -> Generation:
        """Store all images of a `drawn` generation and return it at its end.

        `known` is called with it once all images are stored, before that is recorded. While an image is out of reach,
        the generation stays `drawn`, until the image is in reach again or the operator gives it up.

        Raises:
            Superseded: another worker has taken it, or it was given up.
        """
        generation = drawing.generation
        securing = _Securing(partial(self._secure, drawing), after=self._policy.secure_after)
        try:
            await _together([self._upload(drawing, image, securing) for image in generation.waiting])
        finally:
            securing.end()
        stored = generation.stored(generation.waiting, self._clock())
        known(stored)
        await patiently(lambda: self._ledger.record(stored), "the ledger", timeout=self._policy.call_timeout)
        return stored

    async def forget(self, drawing: Drawing) -> None:
        """Remove all spooled data of a finished generation; `Recover.tidy` removes later what fails now."""
        request, kept = drawing.generation.request, [*drawing.images]
        if drawing.receipt_spooled:
            kept.append(RECEIPT)
        kept += [seed_index(index) for index, one in drawing.images.items() if one.seed != request.seed_of(index)]
        await _together([self._remove(drawing.generation.id, index) for index in kept])

    async def _remove(self, generation_id: str, index: int) -> None:
        try:
            remove = partial(self._spool.remove, generation_id, index)
            await patiently(remove, "the spool", timeout=self._policy.call_timeout, within=self._policy.patience)
        except (OutOfPatience, Superseded) as fault:
            log.warning("not removed from the spool yet: %r", fault.__cause__, extra={"generation": generation_id})

    async def _upload(self, drawing: Drawing, image: StoredImage, securing: "_Securing") -> None:
        about, waits = {"generation": drawing.generation.id}, pauses()
        while image.index not in drawing.in_storage:
            try:
                uploaded = await self.try_to_upload(drawing, image)
            except Exception as fault:  # noqa: BLE001  # whatever it is, paid images are retried
                log.warning("not stored yet: %s: %s", type(fault).__name__, fault, extra=about)
                securing.begin()
                await asyncio.sleep(next(waits))
                continue
            if uploaded:
                drawing.in_storage.add(image.index)
                drawing.out_of_reach.discard(image.index)
                return
            if image.index in drawing.out_of_reach:
                await self._require_not_given_up(drawing.generation)
            else:
                drawing.out_of_reach.add(image.index)
                log.error("image %d is out of reach: it is not in a spool that answers here", image.index, extra=about)
            await asyncio.sleep(LONGEST_PAUSE)

    async def _require_not_given_up(self, generation: Generation) -> None:
        found = await found_patiently(self._ledger, generation.id, self._policy)
        if found is None or found.revision != generation.revision:
            raise Superseded(generation.id)

    async def try_to_upload(self, drawing: Drawing, image: StoredImage) -> bool:
        """Upload an image once; return whether it is stored, False if its bytes are out of reach.

        Raises:
            Exception: the spool or the storage failed; another try is free.
        """
        async with self._uploads:
            data = drawing.in_memory.get(image.index) or await once(
                lambda: self._spool.get(drawing.generation.id, image.index), timeout=self._policy.call_timeout
            )
            if data is None:
                return await once(lambda: self._storage.holds(image), timeout=None)
            with self._trial.noticing():
                await once(lambda: self._storage.put(image, data), timeout=None)
            return True

    async def _secure(self, drawing: Drawing) -> None:
        """Secure all waiting images of a generation, since recovery takes all of them or none."""
        for image in drawing.generation.waiting:
            secure = partial(self._spool.secure, drawing.generation.id, image.index)
            await patiently(secure, "securing", timeout=self._policy.patience)


async def _together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines concurrently. A single one, the most common case, is awaited without a task."""
    if len(works) == 1:
        await works[0]
    else:
        await asyncio.gather(*works)


class _Securing:
    """Calls `secure` once, after `after` seconds or when an upload fails. A quick upload costs no task."""

    def __init__(self, secure: Callable[[], Coroutine[Any, Any, None]], *, after: float) -> None:
        self._secure = secure
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(after, self.begin)

    def begin(self) -> None:
        self._timer.cancel()
        self._task = self._task or asyncio.create_task(self._secure())

    def end(self) -> None:
        self._timer.cancel()
        if self._task:
            self._task.cancel()
