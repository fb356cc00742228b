"""A storage that reports its calls to a watcher."""

from collections.abc import AsyncIterator

from darkroom.adapters.watching.ports.watcher import Call, Watcher
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.ports import ImageStorage


class WatchedImageStorage(ImageStorage):
    """Reports to a watcher while the storage is waited for."""

    def __init__(self, storage: ImageStorage, watcher: Watcher) -> None:
        self._storage, self._watcher = storage, watcher

    async def put(self, image: StoredImage, data: bytes) -> None:
        with self._watcher.around(Call("storage", "put", {"key": image.key, "bytes": len(data)})):
            await self._storage.put(image, data)

    async def holds(self, image: StoredImage) -> bool:
        with self._watcher.around(Call("storage", "holds", {"key": image.key})):
            return await self._storage.holds(image)

    async def get(self, image: StoredImage) -> bytes:
        with self._watcher.around(Call("storage", "get", {"key": image.key, "bytes": image.length})):
            return await self._storage.get(image)

    async def link(self, key: str) -> str:
        with self._watcher.around(Call("storage", "link", {"key": key})):
            return await self._storage.link(key)

    async def download_link(self, key: str, name: FileName) -> str:
        with self._watcher.around(Call("storage", "download_link", {"key": key})):
            return await self._storage.download_link(key, name)

    async def delete(self, key: str) -> None:
        with self._watcher.around(Call("storage", "delete", {"key": key})):
            await self._storage.delete(key)

    def keys(self) -> AsyncIterator[str]:
        return self._storage.keys()

    async def check(self) -> str:
        return await self._storage.check()
