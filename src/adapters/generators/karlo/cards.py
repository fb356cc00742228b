"""The cards of Karlo's models.

The smallest side and the step of v2.1 are inferred from v2.0.
"""

from typing import Final

from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, NumberRange, PixelRange
from darkroom.domain.model.values import ModelVersion

_LARGEST_SIDE: Final = {"v2.0": 640, "v2.1": 1280}
_LONGEST_PROMPT: Final = {"v2.0": 256, "v2.1": 2048}


def karlo_cards(media_type: MediaType) -> tuple[ModelCard, ...]:
    """Return the cards of both models; `media_type` is the operator's choice."""
    return tuple(
        ModelCard(
            version=ModelVersion(version),
            generator="karlo",
            width=PixelRange(384, largest_side, step=8),
            height=PixelRange(384, largest_side, step=8),
            prompt_max=_LONGEST_PROMPT[version],
            media_type=media_type,
            samples_max=8,
            num_inference_steps=NumberRange(10, 100, default=50),
            guidance_scale=NumberRange(1.0, 20.0, default=5.0),
        )
        for version, largest_side in _LARGEST_SIDE.items()
    )
