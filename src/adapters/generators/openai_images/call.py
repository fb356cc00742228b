"""The body of a call."""

import json
from dataclasses import asdict, dataclass
from typing import Final, Literal

from darkroom.adapters.generators.openai_images.models import OpenAIModel
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GenerationRequest

OutputFormat = Literal["png", "jpeg", "webp"]
ResponseFormat = Literal["b64_json", "url"]


@dataclass(frozen=True, slots=True)
class GPTImageOptions:
    """The operator's settings for all calls to GPT image models; None leaves the choice to OpenAI.

    `output_compression` is 0 to 100 per cent, for JPEG and WebP only; only PNG and WebP can be transparent.

    Raises:
        InvalidValue: the format does not support that compression or background.
    """

    output_format: OutputFormat = "png"
    output_compression: int | None = None
    quality: str | None = None
    background: str | None = None
    moderation: str | None = None

    def __post_init__(self) -> None:
        if self.output_format == "png" and self.output_compression is not None:
            raise InvalidValue("the compression of png cannot be chosen: choose jpeg or webp, or no compression")
        if self.output_format == "jpeg" and self.background == "transparent":
            raise InvalidValue("jpeg has no transparent background: choose png or webp")


_ONE: Final = 1  # image per call


def call_body(
    request: GenerationRequest, model: OpenAIModel, options: GPTImageOptions, response_format: ResponseFormat
) -> bytes:
    """Return the JSON body for one image, with the given parameters only, under the model's names for them."""
    honoured = {"seed": request.seeds[0].value if request.seeds else None, **request.parameters.given}
    fields = {
        "model": model.name,
        "prompt": request.prompt.value,
        "n": _ONE,
        **model.size_fields(request.size),
        **{model.fields.get(name, name): value for name, value in honoured.items()},
        **(asdict(options) if model.is_gpt_image else {"response_format": response_format}),
        **model.also,
    }
    return json.dumps(
        {name: value for name, value in fields.items() if value is not None and name not in model.without}
    ).encode()
