"""Several generators as one: the request's `version` selects the one that draws."""

from collections.abc import AsyncGenerator, Sequence

from darkroom.domain.model.errors import DrawingFailed, GeneratorUnavailable, OutcomeUnknown
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt


class ByVersionImageGenerator(ImageGenerator):
    """Delegates each request to the generator that offers its model."""

    def __init__(self, generators: Sequence[ImageGenerator]) -> None:
        """Raises ValueError if a version is offered twice."""
        self._generators = tuple(generators)
        self._by_version: dict[str, ImageGenerator] = {}
        for generator in generators:
            for card in generator.cards:
                if card.version.value in self._by_version:
                    raise ValueError(f"{card.version.value} is offered twice")
                self._by_version[card.version.value] = generator

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(card for generator in self._generators for card in generator.cards)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        return await self._generator_of(request, GeneratorUnavailable).submit(request, key)

    def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        return self._generator_of(request, GeneratorUnavailable).answers(request, key)

    def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        return self._generator_of(request, OutcomeUnknown).collect(request, receipt)

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        return await self._generator_of(request, GeneratorUnavailable).progress(request, key, receipt)

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        return await self._generator_of(request, GeneratorUnavailable).unfinished(request, key, receipt)

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        return await self._generator_of(request, OutcomeUnknown).find(request, key)

    async def check(self) -> str:
        return "; ".join([await generator.check() for generator in self._generators])

    def _generator_of(self, request: GenerationRequest, otherwise: type[DrawingFailed]) -> ImageGenerator:
        # A generation resumed after a restart may name a model that was removed from the settings.
        generator = self._by_version.get(request.version.value)
        if generator is None:
            raise otherwise(f"{request.version.value} is not offered here now")
        return generator
