"""Links to stored images; they expire, so they are made at each read."""

import logging
from dataclasses import dataclass

from darkroom.domain.model.errors import StorageUnavailable
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.ports import ImageStorage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkedImage:
    """A stored image and a URL from which it can be read until the link expires.

    `download` is a URL that makes a browser save it; `preview` is that of its preview. Both are None if not asked for,
    and `preview` also if there is none.
    """

    image: StoredImage
    url: str
    download: str | None = None
    preview: str | None = None


async def linked(
    generation: Generation, storage: ImageStorage, *, in_every_way: bool = False
) -> tuple[LinkedImage, ...]:
    """Return the stored images of a generation with links; `in_every_way` adds `download` and `preview`.

    Raises:
        StorageUnavailable: the images are stored, but links cannot be made at present.
    """
    try:
        return tuple(
            [
                await _in_every_way(generation, image, storage)
                if in_every_way
                else LinkedImage(image, await storage.link(image.key))
                for image in generation.images
            ]
        )
    except Exception as fault:
        log.exception("links cannot be made")
        raise StorageUnavailable(
            "the images are stored, and links to them cannot be made now", charged=generation.charged
        ) from fault


async def _in_every_way(generation: Generation, image: StoredImage, storage: ImageStorage) -> LinkedImage:
    prompt = generation.request.prompt.value if generation.prompts_kept else None
    name = FileName.of(prompt, image.seed.value if image.seed else None, image.media_type)
    return LinkedImage(
        image,
        await storage.link(image.key),
        await storage.download_link(image.key, name),
        await storage.link(image.preview.key) if image.preview and image.preview.stored else None,
    )
