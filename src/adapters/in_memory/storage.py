"""A storage in a dictionary."""

import hashlib
from collections.abc import AsyncIterator

from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.ports import ImageStorage


class InMemoryImageStorage(ImageStorage):
    """Keeps images as long as this process lives; `kept` has their bytes and media types by key.

    A link is `memory:` and the key.
    """

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, MediaType]] = {}

    async def put(self, image: StoredImage, data: bytes) -> None:
        if self.kept.setdefault(image.key, (data, image.media_type)) != (data, image.media_type):
            raise StorageFault(f"other bytes are kept under {image.key}")

    async def holds(self, image: StoredImage) -> bool:
        return image.key in self.kept and hashlib.sha256(self.kept[image.key][0]).hexdigest() == image.sha256

    async def get(self, image: StoredImage) -> bytes:
        if image.key not in self.kept:
            raise StorageFault(f"there is nothing under {image.key}")
        return self.kept[image.key][0]

    async def link(self, key: str) -> str:
        return f"memory:{key}"

    async def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    async def keys(self) -> AsyncIterator[str]:
        for key in list(self.kept):
            yield key

    async def check(self) -> str:
        return "keeps images in memory"
