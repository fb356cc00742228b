"""Links to stored images, signed anew at each reading."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from darkroom.domain.model.errors import Charged, StorageUnavailable
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.ports import ImageStorage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkedImage:
    """A stored image and a URL under which it can be read for a while."""

    image: StoredImage
    url: str


async def linked(images: Iterable[StoredImage], storage: ImageStorage, *, charged: Charged) -> tuple[LinkedImage, ...]:
    """Link to stored images; `charged` is what is known of their money.

    Raises:
        StorageUnavailable: they lie in storage, and links to them cannot be made just now.
    """
    try:
        return tuple([LinkedImage(image, await storage.link(image.key)) for image in images])
    except Exception as fault:
        log.exception("links cannot be made")
        raise StorageUnavailable(
            "the images are stored, and links to them cannot be made just now", charged=charged
        ) from fault
