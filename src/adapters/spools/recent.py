"""What was put into a spool a moment ago need not be read from it."""

from collections.abc import Sequence

from darkroom.domain.model.errors import Evidence
from darkroom.domain.ports import ImageSpool


class RecentImages(ImageSpool):
    """A spool whose images are kept in memory too, so many bytes of them, until their first upload.

    What finds no room, or has to wait for the storage, is read from the spool when its turn comes.
    """

    def __init__(self, spool: ImageSpool, room: int) -> None:
        """`room` in bytes."""
        self._spool, self._free = spool, room
        self._recent: dict[str, bytes] = {}

    async def put(self, name: str, data: bytes) -> str:
        self._drop(name)
        sha256 = await self._spool.put(name, data)
        if len(data) <= self._free:
            self._free -= len(data)
            self._recent[name] = data
        return sha256

    async def get(self, name: str) -> bytes | None:
        recent = self._recent.get(name)
        return await self._spool.get(name) if recent is None else recent

    async def secure(self, name: str) -> None:
        self._drop(name)
        await self._spool.secure(name)

    async def remove(self, name: str) -> None:
        self._drop(name)
        await self._spool.remove(name)

    async def names(self) -> Sequence[str]:
        return await self._spool.names()

    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        await self._spool.set_aside(name, evidence)

    async def aside_names(self) -> Sequence[str]:
        return await self._spool.aside_names()

    async def remove_aside(self, name: str) -> None:
        await self._spool.remove_aside(name)

    @property
    def full(self) -> bool:
        return self._spool.full

    def _drop(self, name: str) -> None:
        self._free += len(self._recent.pop(name, b""))
