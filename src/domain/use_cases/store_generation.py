"""From `drawn` to `stored`: free, and tried until it is done."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.ports import GenerationLedger, ImageSpool, ImageStorage
from darkroom.domain.use_cases.draw_generation import spool_name
from darkroom.domain.use_cases.patience import patiently, pauses

log = logging.getLogger(__name__)


class StoreGeneration:
    """Uploads what waits in the spool, however long the storage is away, and empties the spool after it."""

    def __init__(
        self,
        *,
        storage: ImageStorage,
        spool: ImageSpool,
        ledger: GenerationLedger,
        clock: Callable[[], datetime],
        patience: float,
        uploads: int,
    ) -> None:
        """`patience`: seconds until whoever waits is told that it takes longer; `uploads`: how many at once."""
        self._storage, self._spool, self._ledger, self._clock = storage, spool, ledger, clock
        self._patience, self._uploads = patience, asyncio.Semaphore(uploads)

    async def __call__(self, generation: Generation, tell: Callable[[Generation], None]) -> Generation:
        """Give the generation at its end.

        `tell` is told it as soon as it is written down, and the drawn one where that takes longer than our patience.

        Raises:
            Superseded: another worker has taken it.
        """
        timer = asyncio.get_running_loop().call_later(self._patience, tell, generation)
        unsecured = [spool_name(generation, image.index) for image in generation.waiting]
        try:
            kept = await asyncio.gather(*(self._upload(generation, image, unsecured) for image in generation.waiting))
        finally:
            timer.cancel()
        images = tuple(image for image, is_kept in zip(generation.waiting, kept, strict=True) if is_kept)
        stored = generation.stored(images, self._clock())
        await patiently(lambda: self._ledger.record(stored))
        tell(stored)  # whoever waits need not wait for the tidying up
        await asyncio.gather(*(self._forget(generation, image) for image in generation.waiting))
        return stored

    async def _upload(self, generation: Generation, image: StoredImage, unsecured: list[str]) -> bool:
        """Whether the image lies in storage now; False only where its bytes are gone from the spool.

        The first that fails secures all of the generation: another machine takes it up with all of its images only.
        """
        name, waits = spool_name(generation, image.index), pauses()
        while True:
            try:
                async with self._uploads:
                    data = await self._spool.get(name)
                    if data is None:
                        log.error("the spool holds no %s", name, extra={"generation": generation.id})
                        return False
                    await self._storage.put(image, data)
                    return True
            except StorageFault as fault:
                log.warning("not stored yet: %s", fault, extra={"generation": generation.id})
                while unsecured:
                    await patiently(partial(self._spool.secure, unsecured.pop()))
            await asyncio.sleep(next(waits))

    async def _forget(self, generation: Generation, image: StoredImage) -> None:
        await patiently(lambda: self._spool.remove(spool_name(generation, image.index)))
