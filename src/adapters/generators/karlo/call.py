"""The body of a call."""

import json
from dataclasses import dataclass
from typing import Literal

from darkroom.domain.model.generation import GenerationRequest

ImageFormat = Literal["webp", "jpeg", "png"]
ReturnType = Literal["url", "base64_string"]


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The operator's settings for all calls."""

    return_type: ReturnType
    image_format: ImageFormat
    nsfw_checker: bool


def call_body(request: GenerationRequest, options: CallOptions) -> bytes:
    """Return the JSON body: all seeds, and the given parameters only, since Karlo refuses null."""
    fields: dict[str, object] = {
        "version": request.version.value,
        "prompt": request.prompt.value,
        "width": request.size.width,
        "height": request.size.height,
        "samples": request.samples,
        "seed": [seed.value for seed in request.seeds],
        **request.parameters.given,
        "image_format": options.image_format,
        "return_type": options.return_type,
        "nsfw_checker": options.nsfw_checker,
    }
    return json.dumps(fields).encode()
