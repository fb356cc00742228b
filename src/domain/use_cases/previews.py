"""Makes previews of stored images in the background."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Final

from darkroom.domain.model.errors import Superseded
from darkroom.domain.model.generation import Generation, Preview, StoredImage
from darkroom.domain.ports import GenerationLedger, ImageStorage, NoPreview, PreviewMaker

log = logging.getLogger(__name__)

_MOST_WAITING: Final = 1_000
"""At most this many generations wait for previews; others are queued when they are next read."""


class MakePreviews:
    """Makes the previews of generations, one generation after the other, without delaying other work.

    A preview is recorded before it is stored, and again after that, so that the ledger knows everything in the storage.
    """

    def __init__(self, maker: PreviewMaker, *, ledger: GenerationLedger, storage: ImageStorage) -> None:
        self._maker, self._ledger, self._storage = maker, ledger, storage
        self._waiting: dict[str, None] = {}
        self._arrived = asyncio.Event()

    def want(self, generation: Generation) -> None:
        """Queue a generation whose previews are missing; does nothing if none is or if the queue is full."""
        if generation.awaits_previews and len(self._waiting) < _MOST_WAITING:
            self._waiting[generation.id] = None
            self._arrived.set()

    @asynccontextmanager
    async def making(self) -> AsyncIterator[None]:
        """Make queued previews within the block."""
        task = asyncio.create_task(self._make_all())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def __call__(self, generation_id: str) -> None:
        """Make the missing previews of one generation, as far as that is possible now.

        Raises:
            LedgerUnavailable, StorageFault: not now.
        """
        generation = await self._ledger.find(generation_id)
        if generation is None or not generation.awaits_previews:
            return
        made = {image.index: await self._made(image, generation) for image in generation.images if image.awaits_preview}
        previews = {
            image.index: Preview.beside(image.key, len(data), sha256(data).hexdigest())
            for image in generation.images
            if (data := made.get(image.index))
        } | {index: Preview.impossible() for index, data in made.items() if data == b""}
        if not previews:
            return
        try:
            generation = generation.with_previews(previews)
            await self._ledger.record(generation)
        except Superseded:
            return  # another process makes them, or it was deleted
        stored = {}
        for image in generation.images:
            if (preview := image.preview_image) and (data := made.get(image.index)):
                await self._storage.delete(preview.key)  # a process that crashed here may have left other bytes
                await self._storage.put(preview, data)
                stored[image.index] = replace(previews[image.index], stored=True)
        await self._written(generation, stored)

    async def _written(self, generation: Generation, stored: Mapping[int, Preview]) -> None:
        """Record the stored previews; remove those whose images were deleted meanwhile."""
        while stored:
            try:
                await self._ledger.record(generation.with_previews(stored))
            except Superseded:
                found = await self._ledger.find(generation.id) or generation
                there = set() if found.erased_at else {image.index for image in found.images}
                for index in stored.keys() - there:
                    await self._storage.delete(stored[index].key)
                generation, stored = found, {index: one for index, one in stored.items() if index in there}
            else:
                return

    async def _made(self, image: StoredImage, generation: Generation) -> bytes | None:
        """Return a preview; empty if none can be made of that image, None if not now."""
        about = {"generation": generation.id}
        try:
            return await self._maker.make(await self._storage.get(image), image, generation)
        except NoPreview as reason:
            log.warning("image %d has no preview: %s", image.index, reason, extra=about)
            return b""
        except Exception as fault:  # noqa: BLE001  # any fault affects the preview only
            log.warning("image %d has no preview yet: %s: %s", image.index, type(fault).__name__, fault, extra=about)
            return None

    async def _make_all(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                generation_id = next(iter(self._waiting))
                try:
                    await self(generation_id)
                except Exception as fault:  # noqa: BLE001  # it is queued again when it is next read
                    log.warning("no previews yet: %r", fault, extra={"generation": generation_id})
                del self._waiting[generation_id]
