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
    """A stored image and a URL under which it can be read for a while; `download` saves it as a file."""

    image: StoredImage
    url: str
    download: str | None = None


async def linked(generation: Generation, storage: ImageStorage, *, downloads: bool = False) -> tuple[LinkedImage, ...]:
    """Link to the stored images of a generation; with `downloads` in every way.

    Raises:
        StorageUnavailable: they lie in storage, and links to them cannot be made just now.
    """
    try:
        return tuple(
            [
                LinkedImage(
                    image,
                    await storage.link(image.key),
                    await storage.download_link(image.key, _name(generation, image)) if downloads else None,
                )
                for image in generation.images
            ]
        )
    except Exception as fault:
        log.exception("links cannot be made")
        raise StorageUnavailable(
            "the images are stored, and links to them cannot be made just now", charged=generation.charged
        ) from fault


def _name(generation: Generation, image: StoredImage) -> FileName:
    prompt = generation.request.prompt.value if generation.prompts_kept else None
    return FileName.of(prompt, image.seed.value if image.seed else None, image.media_type)
