"""What several answers are made of: images with their links, and money."""

import logging
from collections.abc import Iterable
from typing import Annotated, Self

from msgspec import Meta, Struct

from darkroom.domain.model.errors import Charged, StorageFault, StorageUnavailable
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.money import Money
from darkroom.domain.ports import ImageStorage

log = logging.getLogger(__name__)


class Image(Struct, frozen=True):
    """A stored image."""

    id: Annotated[str, Meta(description="The provider's own id, where it gives one; else one of ours. Opaque.")]
    seed: Annotated[
        int | None,
        Meta(description="The seed that made this image, usable as input again; null where the model knows none."),
    ]
    image: Annotated[str, Meta(description="The URL of the stored image.")]


class Price(Struct, frozen=True):
    """Money: an exact decimal amount, in a currency named by its ISO 4217 code."""

    amount: Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$", examples=["0.02"])]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["USD"])]

    @classmethod
    def of(cls, money: Money) -> Self:
        """Show an amount of money."""
        return cls(f"{money.amount:f}", money.currency)


async def linked(images: Iterable[StoredImage], storage: ImageStorage) -> list[Image]:
    """Show stored images, under links that are made now.

    Raises:
        StorageFault: there is nothing to sign them with.
    """
    return [
        Image(image.id, image.seed.value if image.seed else None, await storage.link(image.key)) for image in images
    ]


def no_links(fault: StorageFault, charged: Charged) -> StorageUnavailable:
    """What is told where images lie in storage and no links to them can be made."""
    log.error("links cannot be made: %s", fault)
    return StorageUnavailable("the images are stored, and links to them cannot be made just now", charged=charged)
