"""Generators whose behaviour a test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.domain.model.errors import DrawingFailed
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, NumberRange, PixelRange
from darkroom.domain.model.money import Money
from darkroom.domain.model.progress import Progress
from darkroom.domain.model.values import ImageSize, ModelVersion
from darkroom.domain.ports import Receipt

KARLO_LIKE = ModelCard(
    version=ModelVersion("v2.0"),
    generator="karlo",
    width=PixelRange(384, 640, step=8),
    height=PixelRange(384, 640, step=8),
    prompt_max=256,
    media_type=MediaType.WEBP,
    num_inference_steps=NumberRange(10, 100, default=50),
    guidance_scale=NumberRange(1.0, 20.0, default=5.0),
)
WITHOUT_SEEDS = ModelCard(
    version=ModelVersion("listed"),
    generator="other",
    width=PixelRange(256, 1792),
    height=PixelRange(256, 1792),
    sizes=(ImageSize(1024, 1024), ImageSize(1792, 1024)),
    prompt_max=4000,
    media_type=MediaType.PNG,
    samples_max=1,
    negative_prompt=False,
    seed=False,
    price=Money.parse("0.04 USD"),
)
PRICED = replace(WIDEST_CARD, price=Money.parse("0.02 USD"))


class GatedGenerator(InMemoryImageGenerator):
    """Draws once its gate is open."""

    def __init__(self, *cards: ModelCard) -> None:
        super().__init__(*cards)
        self.gate = asyncio.Event()

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        self.asked.append((request, key))
        await self.gate.wait()
        self.asked.pop()
        return await super().submit(request, key)


class TellingGenerator(GatedGenerator):
    """Reports the progress in `told` and shows the file in `shown`, or raises the exception in it.

    `looked` counts the calls of `unfinished`.
    """

    told: Progress | Exception | None = None
    shown: bytes | Exception | None = None
    looked = 0

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        self.looked += 1
        if isinstance(self.shown, Exception):
            raise self.shown
        return GeneratedImage(index=0, seed=None, data=self.shown) if self.shown else None

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


class FailingGenerator(InMemoryImageGenerator):
    """Fails every order."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        self.asked.append((request, key))
        raise self.failure


class StingyGenerator(InMemoryImageGenerator):
    """Returns one image for every order, and may then raise `failure`."""

    def __init__(self, failure: DrawingFailed | None) -> None:
        super().__init__()
        self._failure = failure

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        return Receipt(images=(await super().submit(request, key)).images[:1])

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        yield receipt.images[0]
        if self._failure:
            raise self._failure
