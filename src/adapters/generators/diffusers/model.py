"""A loaded model, which draws samples of a request as PNG."""

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import torch
from diffusers import DiffusionPipeline
from PIL.Image import Image

from darkroom.adapters.generators.declared_models import Sizes
from darkroom.adapters.generators.diffusers.card import read_card
from darkroom.adapters.generators.diffusers.parameters import Parameters
from darkroom.adapters.generators.diffusers.reader import Reader
from darkroom.domain.model.errors import Charged, DrawingFailed, GeneratorRefused, GeneratorUnavailable, PromptRejected
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.values import ModelVersion

log = logging.getLogger(__name__)

_NO_MEMORY: Final = "can't allocate memory"  # torch's message if the CPU's memory is exhausted: it has no class for it


class Model:
    """A pipeline and its card. `draw` MUST be called by one thread at a time: pipelines are not thread-safe."""

    def __init__(self, version: ModelVersion, pipeline: DiffusionPipeline, sizes: Sizes | None) -> None:
        self._pipeline, self._parameters, self._reader = pipeline, Parameters.of(pipeline), Reader.of(pipeline)
        self.card = read_card(version, pipeline, tokens=self._reader.most, sizes=sizes)

    def __str__(self) -> str:
        return f"{self.card.version.value} on {self._pipeline.device}"

    def steps(self, request: GenerationRequest) -> int | None:
        """Return the number of steps of a drawing; None if the pipeline does not report steps."""
        if "callback_on_step_end" not in self._parameters:
            return None
        asked: int | None = self._parameters.default(self._parameters.steps)
        steps: int | None = request.parameters.given.get("num_inference_steps", asked)
        return steps

    def draw(
        self, request: GenerationRequest, samples: Sequence[int], went_on: Callable[[int], bool]
    ) -> list[GeneratedImage]:
        """Draw those samples of a request together; return the images that the safety checker does not withhold.

        If the pipeline supports it, `went_on` is called with the number of steps done after each, and returns whether
        to go on.

        Raises:
            PromptRejected: a prompt is too long for the model.
            GeneratorUnavailable: there is not enough memory.
            GeneratorRefused: the pipeline failed.
        """
        with _told():
            self._read_whole(request)
            drawn = self._pipeline(**self._arguments(request, samples, went_on))
            flagged = getattr(drawn, "nsfw_content_detected", None) or [False] * len(samples)
            return [
                GeneratedImage(index=index, seed=request.seeds[index], data=_png(image))
                for index, image, held_back in zip(samples, drawn.images, flagged, strict=True)
                if not held_back
            ]

    def _read_whole(self, request: GenerationRequest) -> None:
        for prompt in (request.prompt, *request.parameters.texts):
            if (tokens := self._reader.count(prompt.value)) > self._reader.most:
                raise PromptRejected(
                    f"a prompt has {tokens} tokens, and {self.card.version.value} reads at most {self._reader.most}",
                    charged=Charged.NO,
                )

    def _arguments(
        self, request: GenerationRequest, samples: Sequence[int], went_on: Callable[[int], bool]
    ) -> Mapping[str, object]:
        parameters = self._parameters
        arguments: dict[str, object] = {
            "prompt": request.prompt.value,
            "num_images_per_prompt": len(samples),
            "generator": [torch.Generator().manual_seed(request.seeds[index].value) for index in samples],
        }
        if "width" in parameters:
            arguments |= {"width": request.size.width, "height": request.size.height}
        called = {"num_inference_steps": parameters.steps, "guidance_scale": parameters.guidance}
        arguments |= {called.get(name, name): value for name, value in request.parameters.given.items()}
        if "callback_on_step_end" in parameters:
            arguments["callback_on_step_end"] = _leaving(went_on)
        return arguments


class _Left(Exception):
    """No caller waits for the drawing any more."""


def _leaving(went_on: Callable[[int], bool]) -> Callable[..., dict[str, object]]:
    def step_ended(pipeline: object, step: int, timestep: object, state: dict[str, object]) -> dict[str, object]:
        del pipeline, timestep
        if not went_on(step + 1):
            raise _Left
        return state

    return step_ended


@contextmanager
def _told() -> Iterator[None]:
    """Convert errors of torch and pipelines to those of the port; nothing is charged for them."""
    try:
        yield
    except (DrawingFailed, _Left):
        raise
    except Exception as fault:
        if isinstance(fault, torch.OutOfMemoryError | MemoryError) or _NO_MEMORY in str(fault):
            raise GeneratorUnavailable("there is not enough memory to draw it") from fault
        log.exception("a pipeline failed")
        raise GeneratorRefused("the model's pipeline failed") from fault


def _png(image: Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
