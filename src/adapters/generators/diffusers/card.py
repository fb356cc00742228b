"""Reads the card of a model from its pipeline."""

from typing import Final

from diffusers import DiffusionPipeline

from darkroom.adapters.generators.declared_models import Sizes
from darkroom.adapters.generators.diffusers.parameters import Parameters
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, NumberRange, PixelRange
from darkroom.domain.model.values import GuidanceScale, ImageSize, InferenceSteps, ModelVersion, Prompt

_STEP: Final = 16  # pixels: compression times patch size of most kinds; `vae_scale_factor` shows a larger one
_CHARACTERS_A_TOKEN: Final = 8  # a generous bound: an English word with a blank has about five


def read_card(version: ModelVersion, pipeline: DiffusionPipeline, *, tokens: int, sizes: Sizes | None) -> ModelCard:
    """Return the card of a pipeline that reads `tokens` tokens; `sizes` are the operator's, None if not set.

    Raises:
        InvalidValue: the pipeline does not say which sizes it draws, and `sizes` is None.
    """
    parameters = Parameters.of(pipeline)
    drawn = _sizes(pipeline, sizes) if "width" in parameters else _only_size(pipeline)
    return ModelCard(
        version=version,
        generator="diffusers",
        width=drawn.side,
        height=drawn.side,
        sizes=drawn.listed,
        prompt_max=min(tokens * _CHARACTERS_A_TOKEN, Prompt.MAX_LENGTH),
        media_type=MediaType.PNG,
        negative_prompt=parameters.negative_prompt,
        num_inference_steps=_range(InferenceSteps.MIN, InferenceSteps.MAX, parameters.default(parameters.steps)),
        guidance_scale=_range(GuidanceScale.MIN, GuidanceScale.MAX, parameters.default(parameters.guidance)),
        idempotent=True,
    )


def _range(low: float, high: float, default: float | None) -> NumberRange | None:
    """Return the range of a number; None if the default is outside it, since no order could repeat the default."""
    return NumberRange(low, high, default) if default is not None and low <= default <= high else None


def _only_size(pipeline: DiffusionPipeline) -> Sizes:
    side = pipeline.super_res_first.config.sample_size  # Karlo's is the only kind without a size parameter
    return Sizes(PixelRange(side, side), (ImageSize(side, side),))


def _sizes(pipeline: DiffusionPipeline, sizes: Sizes | None) -> Sizes:
    if sizes:
        return sizes
    network = pipeline.unet if hasattr(pipeline, "unet") else pipeline.transformer
    latents = getattr(pipeline, "default_sample_size", None) or getattr(network.config, "sample_size", None)
    if not isinstance(latents, int):
        raise InvalidValue("the model does not declare its sizes: they must be set")
    scale = pipeline.vae_scale_factor
    side = latents * scale
    return Sizes(PixelRange(max(ImageSize.MIN, side // 2), min(ImageSize.MAX, side * 2), step=max(_STEP, scale)))
