"""The body of a call."""

import json
from dataclasses import dataclass
from typing import Literal

from darkroom.domain.model.generation import GenerationRequest

ImageFormat = Literal["webp", "jpeg", "png"]
ReturnType = Literal["url", "base64_string"]


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What the operator chose once for all calls."""

    return_type: ReturnType
    image_format: ImageFormat
    nsfw_checker: bool


def call_body(request: GenerationRequest, options: CallOptions) -> bytes:
    """Every parameter as given. The seeds always go along; what was not given is left out, for Karlo refuses null."""
    negative_prompt, steps, guidance = request.negative_prompt, request.num_inference_steps, request.guidance_scale
    fields = {
        "version": request.version.value,
        "prompt": request.prompt.value,
        "negative_prompt": negative_prompt and negative_prompt.value,
        "width": request.size.width,
        "height": request.size.height,
        "samples": request.samples,
        "seed": [seed.value for seed in request.seeds],
        "num_inference_steps": steps and steps.value,
        "guidance_scale": guidance and guidance.value,
        "image_format": options.image_format,
        "return_type": options.return_type,
        "nsfw_checker": options.nsfw_checker,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
