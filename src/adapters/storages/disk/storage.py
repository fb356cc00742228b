"""A storage in a folder of this machine."""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from darkroom.adapters.disk_threads import DiskThreads
from darkroom.adapters.durable_folder import DurableFolder
from darkroom.adapters.storages.disk.signed_links import SignedLinks
from darkroom.domain.model.errors import NotFound, StorageFault
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.ports import ImageStorage

_BATCH: Final = 1000  # names listed at a time


class DiskImageStorage(ImageStorage):
    """Keeps images in files named by their keys, whose extensions give the media types."""

    def __init__(self, folder: Path, *, links: SignedLinks, clock: Callable[[], datetime]) -> None:
        self._folder = DurableFolder(folder)
        self._links, self._clock = links, clock
        self._disk = DiskThreads()

    async def put(self, image: StoredImage, data: bytes) -> None:
        if _media_type(image.key) is not image.media_type:
            raise StorageFault(f"{image.key} does not have the ending for {image.media_type}")
        await self._put(image.key, data)

    async def holds(self, image: StoredImage) -> bool:
        data = await self._disk(self._folder.read, image.key)
        return data is not None and hashlib.sha256(data).hexdigest() == image.sha256

    async def get(self, image: StoredImage) -> bytes:
        data = await self._disk(self._folder.read, image.key)
        if data is None or hashlib.sha256(data).hexdigest() != image.sha256:
            raise StorageFault(f"{image.key} is not complete in the folder")
        return data

    async def link(self, key: str) -> str:
        return self._links.link(key, self._clock())

    async def download_link(self, key: str, name: FileName) -> str:
        return self._links.link(key, self._clock(), name.stem)

    async def open(self, key: str, *, expires: str, signature: str, name: str = "") -> tuple[bytes, MediaType]:
        """Return the bytes and media type of the image that a link opens, given the parts of the link.

        Raises:
            NotFound: the link was not signed here or has expired, or the image is deleted; it does not say which.
            StorageFault: the disk cannot read it.
        """
        genuine = self._links.opens(key, expires=expires, signature=signature, name=name, now=self._clock())
        media_type = _media_type(key)
        image = await self._disk(self._folder.read, key) if genuine else None
        if image is None or media_type is None:
            raise NotFound("there is no such image, or the link to it has expired")
        return image, media_type

    async def delete(self, key: str) -> None:
        await self._disk(self._folder.remove, key)

    async def keys(self) -> AsyncIterator[str]:
        names = self._folder.names()
        while batch := await self._disk(lambda: list(islice(names, _BATCH))):
            for key in batch:
                yield key

    async def check(self) -> str:
        await self._disk(self._folder.prove)
        free = await self._disk(self._folder.free)
        return f"keeps images in {self._folder}, where {free / 1e9:.1f} GB are free"

    async def _put(self, key: str, data: bytes) -> None:
        created = await self._disk(self._folder.create, key, data)
        if not created and await self._disk(self._folder.read, key) != data:
            raise StorageFault(f"other bytes are kept under {key}")


def _media_type(key: str) -> MediaType | None:
    return next((media_type for media_type in MediaType if key.endswith(f".{media_type.ending}")), None)
