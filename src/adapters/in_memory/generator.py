"""A generator in memory that draws images of one colour at once, and records its requests."""

import struct
import zlib
from collections.abc import Sequence
from typing import Final

from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, NumberRange, PixelRange
from darkroom.domain.model.values import ModelVersion, Prompt, Seed
from darkroom.domain.ports import ImageGenerator, Receipt

WIDEST_CARD: Final = ModelCard(
    version=ModelVersion("memory"),
    generator="memory",
    width=PixelRange(16, 2048),
    height=PixelRange(16, 2048),
    prompt_max=Prompt.MAX_LENGTH,
    media_type=MediaType.PNG,
    num_inference_steps=NumberRange(10, 100, default=50),
    guidance_scale=NumberRange(1.0, 20.0, default=5.0),
)


class InMemoryImageGenerator(ImageGenerator):
    """Draws images in the colour of their seed; `asked` has each submitted request with its key."""

    def __init__(self, *cards: ModelCard) -> None:
        self._cards = cards or (WIDEST_CARD,)
        self.asked: list[tuple[GenerationRequest, str]] = []

    @property
    def cards(self) -> Sequence[ModelCard]:
        return self._cards

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        self.asked.append((request, key))
        seeds: Sequence[Seed | None] = request.seeds or (None,) * request.samples
        size = request.size
        images = (
            GeneratedImage(index=index, seed=seed, data=tile(size.width, size.height, seed.value if seed else index))
            for index, seed in enumerate(seeds)
        )
        return Receipt(images=tuple(images))


def tile(width: int, height: int, colour: int) -> bytes:
    """Return a PNG of one colour: the low 24 bits of `colour` as RGB."""
    row = b"\0" + (colour & 0xFFFFFF).to_bytes(3, "big") * width

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(row * height, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
