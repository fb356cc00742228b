"""The body of a call."""

import json
from typing import Any

from darkroom.adapters.generators.gemini.models import GeminiModel
from darkroom.domain.model.generation import GenerationRequest


def call_body(request: GenerationRequest, model: GeminiModel) -> bytes:
    """Return the JSON body for one image, with the given parameters only."""
    shape = model.ratios.shape(request.size)
    image = {"aspectRatio": shape.ratio, "imageSize": shape.tier}
    config: dict[str, Any] = {
        "responseModalities": ["IMAGE"],
        "candidateCount": 1,
        "imageConfig": {name: value for name, value in image.items() if value is not None},
    }
    if request.seeds:
        config["seed"] = request.seeds[0].value
    contents = [{"role": "user", "parts": [{"text": request.prompt.value}]}]
    return json.dumps({"contents": contents, "generationConfig": config}).encode()
