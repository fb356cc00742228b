"""A generator under another name, for one of several endpoints of the same kind."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt


class NamedImageGenerator(ImageGenerator):
    """Delegates to another generator; its cards give `name` as their generator."""

    def __init__(self, generator: ImageGenerator, name: str) -> None:
        self._generator, self._name = generator, name

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(replace(card, generator=self._name) for card in self._generator.cards)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        return await self._generator.submit(request, key)

    def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        return self._generator.answers(request, key)

    def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        return self._generator.collect(request, receipt)

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        return await self._generator.progress(request, key, receipt)

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        return await self._generator.unfinished(request, key, receipt)

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        return await self._generator.find(request, key)

    async def check(self) -> str:
        return await self._generator.check()
