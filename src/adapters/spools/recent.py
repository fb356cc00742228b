"""A cache of the images that were just put into a spool."""

from collections.abc import Sequence

from darkroom.domain.model.errors import Evidence
from darkroom.domain.ports import ImageSpool


class RecentImages(ImageSpool):
    """A spool that also keeps new images in memory, up to a number of bytes, until they are uploaded or secured.

    Images that do not fit, or were secured since the storage did not accept them soon, are read from the spool.
    """

    def __init__(self, spool: ImageSpool, room: int) -> None:
        """`room` is the size of the cache in bytes."""
        self._spool, self._free = spool, room
        self._recent: dict[tuple[str, int], bytes] = {}

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        self._drop(generation_id, index)
        sha256 = await self._spool.put(generation_id, index, data)
        if len(data) <= self._free:
            self._free -= len(data)
            self._recent[generation_id, index] = data
        return sha256

    async def get(self, generation_id: str, index: int) -> bytes | None:
        recent = self._recent.get((generation_id, index))
        return await self._spool.get(generation_id, index) if recent is None else recent

    async def secure(self, generation_id: str, index: int) -> None:
        self._drop(generation_id, index)
        await self._spool.secure(generation_id, index)

    async def remove(self, generation_id: str, index: int) -> None:
        self._drop(generation_id, index)
        await self._spool.remove(generation_id, index)

    async def waiting(self) -> Sequence[tuple[str, int]]:
        return await self._spool.waiting()

    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        await self._spool.set_aside(name, evidence)

    async def aside_names(self) -> Sequence[str]:
        return await self._spool.aside_names()

    async def remove_aside(self, name: str) -> None:
        await self._spool.remove_aside(name)

    @property
    def full(self) -> bool:
        return self._spool.full

    def _drop(self, generation_id: str, index: int) -> None:
        self._free += len(self._recent.pop((generation_id, index), b""))
