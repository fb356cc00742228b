"""The generator `sketch`: pictures drawn by rules from a prompt and a seed."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from darkroom.adapters.generators.sketch.drawing import draw
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import MediaSource, ModelCard, NumberRange, PixelRange
from darkroom.domain.model.values import ModelVersion, Seed
from darkroom.domain.ports import ImageGenerator, Receipt

DEFAULT_STEPS: Final = 50
DEFAULT_GUIDANCE: Final = 5.0

SKETCH: Final = ModelCard(
    version=ModelVersion("sketch"),
    generator="sketch",
    width=PixelRange(64, 2048),
    height=PixelRange(64, 2048),
    prompt_max=2048,
    media_type=MediaType.PNG,
    num_inference_steps=NumberRange(10, 100, DEFAULT_STEPS),
    guidance_scale=NumberRange(1.0, 20.0, DEFAULT_GUIDANCE),
    idempotent=True,
    media_source=MediaSource.ALGORITHMIC,
)


class SketchImageGenerator(ImageGenerator):
    """Draws in this process, in one thread per core, since NumPy releases the interpreter lock while it computes.

    It is a stand-in for a model that honours every field of an order. The request determines the pixels, so nothing is
    drawn before `collect`, and collecting again gives the same images.
    """

    def __init__(self) -> None:
        self._cores = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="sketch")

    @property
    def cards(self) -> Sequence[ModelCard]:
        return (SKETCH,)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del request, key  # no provider is asked
        return Receipt(reference=b"the request")

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        del receipt
        for index, seed in enumerate(request.seeds):
            data = await asyncio.get_running_loop().run_in_executor(self._cores, _draw, request, seed)
            yield GeneratedImage(index=index, seed=seed, data=data)

    async def check(self) -> str:
        return "draws in this process"


def _draw(request: GenerationRequest, seed: Seed) -> bytes:
    given = request.parameters.given
    return draw(
        prompt=request.prompt.value,
        negative_prompt=given.get("negative_prompt", ""),
        seed=seed.value,
        width=request.size.width,
        height=request.size.height,
        steps=given.get("num_inference_steps", DEFAULT_STEPS),
        guidance=given.get("guidance_scale", DEFAULT_GUIDANCE),
    )
