"""A decorator for generators that marks each image."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from darkroom.adapters.marks.files import Mark, stated_in_xmp
from darkroom.adapters.marks.statement import Statement
from darkroom.domain.model.errors import InvalidValue, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt

log = logging.getLogger(__name__)


class MarkingImageGenerator(ImageGenerator):
    """Marks the images of another generator as they arrive, before they are hashed or stored.

    An image that cannot be marked is returned unmarked, since it was paid for, and the error is logged.
    """

    def __init__(self, generator: ImageGenerator, mark: Mark, *, prompts: bool, takes_time: bool = False) -> None:
        """`prompts`: whether marks contain the prompts; `takes_time`: run `mark` in a thread, as signing needs."""
        self._generator, self._mark, self._prompts, self._takes_time = generator, mark, prompts, takes_time
        self._by_version = {card.version: card for card in generator.cards}

    @property
    def cards(self) -> Sequence[ModelCard]:
        return self._generator.cards

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        return await self._all_marked(await self._generator.submit(request, key), request)

    async def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        marked: dict[int, GeneratedImage] = {}
        async with aclosing(self._generator.answers(request, key)) as receipts:
            async for receipt in receipts:
                for image in receipt.images:
                    if image.index not in marked:
                        marked[image.index] = await self._marked(image, request)
                yield replace(receipt, images=tuple(marked[image.index] for image in receipt.images))

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        marked = {image.index for image in receipt.images}
        async with aclosing(self._generator.collect(request, receipt)) as images:
            async for image in images:
                yield image if image.index in marked else await self._marked(image, request)

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        return await self._generator.progress(request, key, receipt)

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        """Return an unfinished image with its XMP, and never without; it is not signed, as it is not what was drawn."""
        image = await self._generator.unfinished(request, key, receipt)
        if image is None:
            return None
        try:
            data = stated_in_xmp(image.data, image.file.media_type, self._statement(image, request))
        except InvalidValue as flaw:
            raise UnusableImage(f"an unfinished image cannot be marked: {flaw}") from flaw
        return replace(image, data=data)

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        receipt = await self._generator.find(request, key)
        return await self._all_marked(receipt, request) if receipt else None

    async def check(self) -> str:
        return await self._generator.check()

    async def _all_marked(self, receipt: Receipt, request: GenerationRequest) -> Receipt:
        return replace(receipt, images=tuple([await self._marked(image, request) for image in receipt.images]))

    def _statement(self, image: GeneratedImage, request: GenerationRequest) -> Statement:
        return Statement.of(self._by_version[request.version], request, image.seed, prompt=self._prompts)

    async def _marked(self, image: GeneratedImage, request: GenerationRequest) -> GeneratedImage:
        try:
            made = image.data, image.file.media_type, self._statement(image, request)
            data = await asyncio.to_thread(self._mark, *made) if self._takes_time else self._mark(*made)
            return replace(image, data=data)
        except Exception:  # a fault of the mark must not lose the image
            log.exception("image %d is returned without its mark", image.index)
            return image
