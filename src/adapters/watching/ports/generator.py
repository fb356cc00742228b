"""A generator that reports its calls to a watcher."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

from darkroom.adapters.watching.ports.watcher import Call, Watcher
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt

T = TypeVar("T")


class WatchedImageGenerator(ImageGenerator):
    """Reports to a watcher while a provider is waited for."""

    def __init__(self, generator: ImageGenerator, watcher: Watcher) -> None:
        self._generator, self._watcher = generator, watcher
        self._names = {card.version: card.generator for card in generator.cards}

    @property
    def cards(self) -> Sequence[ModelCard]:
        return self._generator.cards

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        with self._watcher.around(self._call("submit", request)):
            return await self._generator.submit(request, key)

    def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        return self._step_by_step(self._call("submit", request), self._generator.answers(request, key))

    def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        return self._step_by_step(self._call("collect", request), self._generator.collect(request, receipt))

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        return await self._generator.progress(request, key, receipt)

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        return await self._generator.unfinished(request, key, receipt)

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        with self._watcher.around(self._call("find", request)):
            return await self._generator.find(request, key)

    async def check(self) -> str:
        return await self._generator.check()

    async def _step_by_step(self, call: Call, coming: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        with self._watcher.call(call) as step:
            async with aclosing(coming):
                while True:
                    with step():
                        one = await anext(coming, None)
                    if one is None:
                        return
                    yield one

    def _call(self, name: str, request: GenerationRequest) -> Call:
        generator = self._names.get(request.version, "none")
        return Call(
            "provider", name, {"generator": generator, "model": request.version.value, "samples": request.samples}
        )
