"""The generator `diffusers`: one drawing thread with a queue."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Final

from darkroom.adapters.generators.declared_models import Sizes
from darkroom.adapters.generators.diffusers.sources import ModelSource
from darkroom.domain.model.errors import Charged, DrawingFailed, InvalidValue, PromptRejected
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt

if TYPE_CHECKING:
    from darkroom.adapters.generators.diffusers.model import Model

_HELD_BACK: Final = "the model's safety checker withheld an image"


@asynccontextmanager
async def open_diffusers(
    *, sources: Sequence[ModelSource], sizes: Sizes | None, device: str, dtype: str, batch: int
) -> AsyncIterator[ImageGenerator]:
    """Load the models, and yield a generator that draws with them until the block ends.

    Args:
        sources: Where to load the models from.
        sizes: The sizes of models that take any; None for half to twice the side that each was made for.
        device: torch's name of the device, or `auto` for the first GPU, or the CPU if there is none.
        dtype: torch's name of the data type, or `auto` for the one that suits the device.
        batch: The most samples of one request that are drawn together.

    Raises:
        InvalidValue: a model cannot be loaded; the message says why.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="diffusers")
    try:
        loop = asyncio.get_running_loop()
        models = await loop.run_in_executor(thread, _loaded, sources, sizes, device, dtype)
        yield DiffusersImageGenerator(models, thread, batch)
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Drawing:
    """The progress of a drawing, written by the drawing thread and read by the event loop."""

    steps: int | None
    step: int = 0


class DiffusersImageGenerator(ImageGenerator):
    """Draws in this process: requests take turns on one device, a batch of samples at a time.

    The request determines the images, so nothing is drawn before `collect`, and collecting again, also after a restart,
    draws the same: a crash costs only time. If a caller stops collecting, the device is free after the current step.
    """

    def __init__(self, models: Sequence[Model], thread: ThreadPoolExecutor, batch: int) -> None:
        self._models = {model.card.version: model for model in models}
        self._thread, self._batch = thread, batch
        self._under_way: dict[str, _Drawing] = {}

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del request  # no provider is asked
        return Receipt(reference=key.encode())

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        """Draw the samples, and yield the images of each batch when it is done.

        Raises:
            PromptRejected: a prompt is too long for the model, or the safety checker withholds an image.
            GeneratorUnavailable, GeneratorRefused: it cannot be drawn now, or not at all. All of these are
                `charged: no`, since drawing costs no money.
        """
        model, loop, left = self._models[request.version], asyncio.get_running_loop(), Event()
        key, steps = receipt.reference.decode(), model.steps(request)
        self._under_way[key] = drawing = _Drawing(steps and steps * math.ceil(request.samples / self._batch))
        failure: DrawingFailed | None = None

        def went_on(step: int, before: int) -> bool:
            drawing.step = before + step
            return not left.is_set()

        try:
            for batch, first in enumerate(range(0, request.samples, self._batch)):
                samples = range(first, min(first + self._batch, request.samples))
                try:
                    told = partial(went_on, before=batch * (steps or 0))
                    images = await loop.run_in_executor(self._thread, model.draw, request, samples, told)
                except DrawingFailed as failed:
                    failure = failure or failed
                    continue
                for image in images:
                    yield image
                if len(images) < len(samples):
                    failure = failure or PromptRejected(_HELD_BACK, charged=Charged.NO)
        finally:
            left.set()
            self._under_way.pop(key, None)
        if failure:
            raise failure

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        """Return the progress of a drawing in this process; None if it is not drawn here."""
        del request, receipt
        if (drawing := self._under_way.get(key)) is None:
            return None
        position = list(self._under_way).index(key)
        # A pipeline may take a step or two more than requested.
        step = min(drawing.step, drawing.steps) if drawing.steps else None
        return Progress(position=position, step=step, steps=drawing.steps)

    async def check(self) -> str:
        return "draws in this process, " + ", ".join(str(model) for model in self._models.values())


def _loaded(sources: Iterable[ModelSource], sizes: Sizes | None, device: str, dtype: str) -> list[Model]:
    try:
        from darkroom.adapters.generators.diffusers.loading import load  # noqa: PLC0415  # slow, and large in memory
    except ImportError as missing:
        raise InvalidValue(
            f"no model can be loaded: {missing}; install what is needed with "
            ".venv/bin/python -m pip install --editable '.[diffusers]'"
        ) from missing
    return [load(source, sizes, device=device, dtype=dtype) for source in sources]
