"""The receipt of an image that lies behind a link."""

from collections.abc import AsyncGenerator
from typing import Annotated, Self

import msgspec

from darkroom.adapters.outbound_http.image_fetcher import ImageFetcher
from darkroom.adapters.outbound_http.images import drawn_image
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import Receipt


class LinkedImage(msgspec.Struct, frozen=True, omit_defaults=True):
    """The one image of a request, behind a link; `seed` is the one that made it, None if that is not known."""

    link: str
    seed: Annotated[int, msgspec.Meta(ge=Seed.MIN, le=Seed.MAX)] | None = None

    def encode(self) -> bytes:
        """Compact JSON, for a receipt."""
        return msgspec.json.encode(self)

    @classmethod
    def of(cls, link: str, seed: Seed | None) -> Self:
        """An image behind a link, and the seed that made it."""
        return cls(link, seed.value if seed else None)

    @classmethod
    def decode(cls, reference: bytes, request: GenerationRequest) -> Self:
        """Read what `encode` wrote; until 2.0 it was the bare link, and the seed was the one that was sent.

        Raises:
            UnusableImage: it is something else.
        """
        try:
            if not reference.startswith(b"{"):
                return cls(reference.decode("ascii"), next((seed.value for seed in request.seeds), None))
            return msgspec.json.decode(reference, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusableImage("the receipt of the provider's answer cannot be read") from error


async def collect_one(
    request: GenerationRequest, receipt: Receipt, images: ImageFetcher
) -> AsyncGenerator[GeneratedImage, None]:
    """The one image of a request: the one that came with the receipt, or the one behind its link."""
    for image in receipt.images:
        yield image
    if receipt.reference:
        linked = LinkedImage.decode(receipt.reference, request)
        seed = None if linked.seed is None else Seed(linked.seed)
        async with images.fetched("image 0", linked.link) as data:
            yield drawn_image(request, index=0, seed=seed, data=data, image_id=None)
