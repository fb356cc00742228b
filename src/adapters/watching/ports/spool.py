"""A spool that reports its calls to a watcher."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from darkroom.adapters.watching.ports.watcher import Call, Watcher
from darkroom.domain.model.errors import Evidence
from darkroom.domain.ports import ImageSpool


class WatchedImageSpool(ImageSpool):
    """Reports the spool's calls to a watcher."""

    def __init__(self, spool: ImageSpool, watcher: Watcher) -> None:
        self._spool, self._watcher = spool, watcher

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        with self._call("put"):
            return await self._spool.put(generation_id, index, data)

    async def get(self, generation_id: str, index: int) -> bytes | None:
        with self._call("get"):
            return await self._spool.get(generation_id, index)

    async def secure(self, generation_id: str, index: int) -> None:
        with self._call("secure"):
            await self._spool.secure(generation_id, index)

    async def remove(self, generation_id: str, index: int) -> None:
        with self._call("remove"):
            await self._spool.remove(generation_id, index)

    async def waiting(self) -> Sequence[tuple[str, int]]:
        with self._call("waiting"):
            return await self._spool.waiting()

    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        with self._call("set_aside"):
            await self._spool.set_aside(name, evidence)

    async def aside_names(self) -> Sequence[str]:
        with self._call("aside_names"):
            return await self._spool.aside_names()

    async def remove_aside(self, name: str) -> None:
        with self._call("remove_aside"):
            await self._spool.remove_aside(name)

    @property
    def full(self) -> bool:
        return self._spool.full

    def _call(self, name: str) -> AbstractContextManager[None]:
        return self._watcher.around(Call("spool", name))
