"""Links to stored images, made anew at each reading."""

import logging
from dataclasses import dataclass

from darkroom.domain.model.errors import StorageUnavailable
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.ports import ImageStorage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkedImage:
    """A stored image and a URL under which it can be read for a while.

    `download` saves it as a file; `preview` leads to its small copy, if there is one.
    """

    image: StoredImage
    url: str
    download: str | None = None
    preview: str | None = None


async def linked(
    generation: Generation, storage: ImageStorage, *, in_every_way: bool = False
) -> tuple[LinkedImage, ...]:
    """Link to the stored images of a generation; with `in_every_way` also to save them, and to their previews.

    Raises:
        StorageUnavailable: they lie in storage, and links to them cannot be made just now.
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
            "the images are stored, and links to them cannot be made just now", charged=generation.charged
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
