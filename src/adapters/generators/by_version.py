"""Several generators as one: `version` finds the one that draws."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from domain.errors import DrawingFailed, GeneratorUnavailable, OutcomeUnknown
from domain.generation import GeneratedImage, GenerationRequest
from domain.model_card import ModelCard
from domain.ports import ImageGenerator, Receipt
from domain.values import ModelVersion


class ByVersionImageGenerator(ImageGenerator):
    """Hands each request to the generator whose model it names.

    `aliases` lets clients written for one model live on with another: the alias is offered under its own name, with
    the limits of the model that stands behind it.
    """

    def __init__(self, generators: Sequence[ImageGenerator], aliases: Mapping[str, str] | None = None) -> None:
        """`aliases` by the version that clients name.

        Raises:
            ValueError: two generators offer one version, or an alias leads nowhere or hides a model.
        """
        self._generators = tuple(generators)
        self._offers: dict[str, tuple[ModelCard, ImageGenerator]] = {}
        for generator in generators:
            for card in generator.cards:
                self._offer(card.version.value, card, generator)
        real = dict(self._offers)
        for alias, version in (aliases or {}).items():
            if version not in real:
                raise ValueError(f"{alias} stands for {version}, which no generator offers")
            self._offer(alias, *real[version])

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(replace(card, version=ModelVersion(version)) for version, (card, _) in self._offers.items())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        generator, request = self._find(request, GeneratorUnavailable)
        return await generator.submit(request, key)

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        generator, request = self._find(request, OutcomeUnknown)
        async with aclosing(generator.collect(request, receipt)) as images:
            async for image in images:
                yield image

    async def check(self) -> str:
        return "; ".join([await generator.check() for generator in self._generators])

    def _offer(self, version: str, card: ModelCard, generator: ImageGenerator) -> None:
        if version in self._offers:
            raise ValueError(f"{version} is offered twice")
        self._offers[version] = card, generator

    def _find(
        self, request: GenerationRequest, otherwise: type[DrawingFailed]
    ) -> tuple[ImageGenerator, GenerationRequest]:
        # A generation taken up after a restart may name a model that the settings no longer offer.
        offer = self._offers.get(request.version.value)
        if offer is None:
            raise otherwise(f"{request.version.value} is not offered here any more")
        card, generator = offer
        return generator, replace(request, version=card.version)
