"""Which models there are: a version for each checkpoint that the operator names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, NumberRange, PixelRange
from darkroom.domain.model.values import GuidanceScale, InferenceSteps, ModelVersion, Prompt

_SIDE: Final = PixelRange(64, 2048, step=8)


@dataclass(frozen=True, slots=True)
class WebUIModel:
    """A model; `checkpoint` is its name on the server, None for whichever one is loaded there."""

    card: ModelCard
    checkpoint: str | None


def parse_models(entries: Iterable[str]) -> dict[str, WebUIModel]:
    """Read the operator's list, by version: `version=checkpoint`, or the version alone for the one that is loaded.

    Raises:
        InvalidValue: an entry cannot be read, or a version comes twice.
    """
    models: dict[str, WebUIModel] = {}
    for entry in entries:
        version, equals, checkpoint = (part.strip() for part in entry.partition("="))
        if equals and not checkpoint:
            raise InvalidValue(f"{version!r} must name a checkpoint after the equals sign")
        if version in models:
            raise InvalidValue(f"{version!r} is named twice")
        models[version] = WebUIModel(_card(version), checkpoint or None)
    return models


def _card(version: str) -> ModelCard:
    return ModelCard(
        version=ModelVersion(version),
        generator="webui",
        width=_SIDE,
        height=_SIDE,
        prompt_max=Prompt.MAX_LENGTH,  # the web UI reads it in pieces of 75 tokens, as many as there are
        media_type=MediaType.PNG,
        samples_max=1,
        num_inference_steps=NumberRange(InferenceSteps.MIN, InferenceSteps.MAX, default=50),
        guidance_scale=NumberRange(GuidanceScale.MIN, GuidanceScale.MAX, default=7.0),
    )
