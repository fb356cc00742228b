"""The receipt of an image that the provider serves under a link."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Annotated, Self

import msgspec

from darkroom.adapters.outbound_http.image_fetcher import ImageFetcher
from darkroom.adapters.outbound_http.images import drawn_image
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import Receipt


class LinkedImage(msgspec.Struct, frozen=True, omit_defaults=True):
    """The link to the only image of a request; `seed` is the one that it was drawn with, None if unknown."""

    link: str
    seed: Annotated[int, msgspec.Meta(ge=Seed.MIN, le=Seed.MAX)] | None = None

    def encode(self) -> bytes:
        """Return it as compact JSON, for `Receipt.reference`."""
        return msgspec.json.encode(self)

    @classmethod
    def of(cls, link: str, seed: Seed | None) -> Self:
        """Return the image at `link`; `seed` is None if unknown."""
        return cls(link, seed.value if seed else None)

    @classmethod
    def decode(cls, reference: bytes, request: GenerationRequest) -> Self:
        """Read what `encode` wrote. Older releases wrote the bare link; the seed is then the first one of the request.

        Raises:
            UnusableImage: `reference` is neither.
        """
        try:
            if not reference.startswith(b"{"):
                return cls(reference.decode("ascii"), next((seed.value for seed in request.seeds), None))
            return msgspec.json.decode(reference, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusableImage("the receipt of the provider's answer cannot be read") from error


def stripped(receipt: Receipt, strip: Callable[[bytes], bytes]) -> Receipt:
    """Return a receipt whose images are stripped, as `collect_one` strips the one behind a link."""
    return replace(receipt, images=tuple(replace(image, data=strip(image.data)) for image in receipt.images))


async def collect_one(
    request: GenerationRequest, receipt: Receipt, images: ImageFetcher, *, strip: Callable[[bytes], bytes] = bytes
) -> AsyncGenerator[GeneratedImage, None]:
    """Yield the only image of a request: from the receipt itself, or downloaded from its link.

    `strip` removes from the downloaded file what must not be kept. Only a complete image is stripped: a damaged one is
    kept unchanged as evidence.
    """
    for image in receipt.images:
        yield image
    if receipt.reference:
        linked = LinkedImage.decode(receipt.reference, request)
        seed = None if linked.seed is None else Seed(linked.seed)
        async with images.fetched("image 0", linked.link) as data:
            image = drawn_image(request, index=0, seed=seed, data=data, image_id=None)
            yield replace(image, data=strip(image.data))
