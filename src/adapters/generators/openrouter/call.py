"""The body of a call."""

import json
from typing import Any, Final

from darkroom.adapters.generators.openrouter.models import OpenRouterModel
from darkroom.domain.model.generation import GenerationRequest

_ONE: Final = 1  # image per call


def call_body(request: GenerationRequest, model: OpenRouterModel) -> bytes:
    """Return the JSON body for one image of one maker, with the given parameters only."""
    shape = model.ratios.shape(request.size)
    pixels = None if shape.ratio or shape.tier else f"{request.size.width}x{request.size.height}"
    fields: dict[str, Any] = {
        **model.also,
        "model": model.name,
        "prompt": request.prompt.value,
        "n": _ONE,
        "aspect_ratio": shape.ratio,
        "resolution": shape.tier,
        "size": pixels,
        "seed": request.seeds[0].value if request.seeds else None,
        # Otherwise, if this maker fails, OpenRouter falls back to another one, with other images and prices.
        "provider": {"only": [model.maker], "allow_fallbacks": False},
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
