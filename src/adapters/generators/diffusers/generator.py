"""The generator `diffusers`: one thread that draws, and a queue before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Event
from typing import TYPE_CHECKING, Final

from adapters.declared_models import Sizes
from adapters.generators.diffusers.sources import ModelSource
from domain.errors import Charged, DrawingFailed, InvalidValue, PromptRejected
from domain.generation import GeneratedImage, GenerationRequest
from domain.model_card import ModelCard
from domain.ports import ImageGenerator, Receipt

if TYPE_CHECKING:
    from adapters.generators.diffusers.model import Model

_HELD_BACK: Final = "the model's safety checker held an image back"


@asynccontextmanager
async def open_diffusers(
    *, sources: Sequence[ModelSource], sizes: Sizes | None, device: str, dtype: str, batch: int
) -> AsyncIterator[ImageGenerator]:
    """Load the models, and draw with them until the block ends.

    Args:
        sources: Where the models come from.
        sizes: What those draw that take sizes; None for half to twice the side that each was made for.
        device: As torch names it, or `auto` for the first GPU, where there is one.
        dtype: As torch names it, or `auto` for what suits the device.
        batch: How many samples of one request are drawn together.

    Raises:
        InvalidValue: a model cannot be loaded, and why.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="diffusers")
    try:
        loop = asyncio.get_running_loop()
        models = await loop.run_in_executor(thread, _loaded, sources, sizes, device, dtype)
        yield DiffusersImageGenerator(models, thread, batch)
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


class DiffusersImageGenerator(ImageGenerator):
    """Draws by itself: requests take turns on the one device, a batch of samples at a time.

    The request says everything, so nothing is drawn before it is collected, and collecting it again, after a restart
    too, draws the same: a crash costs time. Whoever stops collecting gives the device free after the step it is at.
    """

    def __init__(self, models: Sequence[Model], thread: ThreadPoolExecutor, batch: int) -> None:
        self._models = {model.card.version: model for model in models}
        self._thread, self._batch = thread, batch

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del request, key  # there is nobody to ask
        return Receipt(reference=b"the request")

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        """Give the images as they are drawn.

        Raises:
            PromptRejected: the model cannot read all of it, or its safety checker holds an image back.
            GeneratorUnavailable, GeneratorRefused: it cannot be drawn for now, or at all. Nobody is paid for it, so
                each of these says of the money: no.
        """
        del receipt
        model, loop, left = self._models[request.version], asyncio.get_running_loop(), Event()
        failure: DrawingFailed | None = None
        try:
            for first in range(0, request.samples, self._batch):
                samples = range(first, min(first + self._batch, request.samples))
                try:
                    images = await loop.run_in_executor(self._thread, model.draw, request, samples, left.is_set)
                except DrawingFailed as failed:
                    failure = failure or failed
                    continue
                for image in images:
                    yield image
                if len(images) < len(samples):
                    failure = failure or PromptRejected(_HELD_BACK, charged=Charged.NO)
        finally:
            left.set()
        if failure:
            raise failure

    async def check(self) -> str:
        return "draws in this process, " + ", ".join(str(model) for model in self._models.values())


def _loaded(sources: Iterable[ModelSource], sizes: Sizes | None, device: str, dtype: str) -> list[Model]:
    try:
        from adapters.generators.diffusers.loading import load  # noqa: PLC0415  # takes seconds, and much memory
    except ImportError as missing:
        raise InvalidValue(f"nothing can be loaded without the extra darkroom[diffusers]: {missing}") from missing
    return [load(source, sizes, device=device, dtype=dtype) for source in sources]
