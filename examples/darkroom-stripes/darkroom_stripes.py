"""A generator as a separate package: draws stripes in the colours of the seed; a setting gives their width."""

import struct
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import MediaSource, ModelCard, PixelRange
from darkroom.domain.model.values import ModelVersion
from darkroom.domain.ports import ImageGenerator, Receipt

CARD = ModelCard(
    version=ModelVersion("stripes"),
    generator="stripes",
    width=PixelRange(16, 1024),
    height=PixelRange(16, 1024),
    prompt_max=1000,
    media_type=MediaType.PNG,
    negative_prompt=False,
    media_source=MediaSource.ALGORITHMIC,
)


class StripesImageGenerator(ImageGenerator):
    """Accepts any prompt and ignores it; honours the seed and the size."""

    def __init__(self, stripe: int) -> None:
        """Draw stripes that are `stripe` pixels wide."""
        self._stripe = stripe

    @property
    def cards(self) -> Sequence[ModelCard]:
        return (CARD,)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # drawing is free, so nothing has to be charged once
        width, height = request.size.width, request.size.height
        return Receipt(
            images=tuple(
                GeneratedImage(index=index, seed=seed, data=stripes(width, height, seed.value, self._stripe))
                for index, seed in enumerate(request.seeds)
            )
        )


@asynccontextmanager
async def open_stripes(environment: Mapping[str, str]) -> AsyncIterator[ImageGenerator]:
    """Open the generator: the entry point of the package. A generator with a client would open and close it here."""
    width = environment.get("DARKROOM_STRIPES_WIDTH", "16")
    if not width.isdecimal() or int(width) == 0:
        raise InvalidValue("DARKROOM_STRIPES_WIDTH must be a whole number of pixels from 1")
    yield StripesImageGenerator(int(width))


def stripes(width: int, height: int, seed: int, stripe: int) -> bytes:
    """Return a PNG of vertical stripes in two colours: the colour of the seed and its complement."""
    colour = (seed & 0xFFFFFF).to_bytes(3, "big")
    other = bytes(255 - part for part in colour)
    row = b"\0" + b"".join(colour if x // stripe % 2 else other for x in range(width))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * height)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
