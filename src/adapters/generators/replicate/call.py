"""The body of the call that creates a prediction."""

import json
from typing import Any

from darkroom.adapters.generators.replicate.models import ReplicateModel
from darkroom.domain.model.generation import GenerationRequest


def call_path(model: ReplicateModel) -> str:
    """Where predictions of a model are created."""
    return f"/models/{model.name}/predictions" if model.official else "/predictions"


def call_body(request: GenerationRequest, model: ReplicateModel) -> bytes:
    """Every parameter as given, in the input that the model has for it; what was not given is left out."""
    negative_prompt, steps, guidance = request.negative_prompt, request.num_inference_steps, request.guidance_scale
    given = {
        "negative_prompt": negative_prompt and negative_prompt.value,
        "seed": request.seeds[0].value if request.seeds else None,
        "num_inference_steps": steps and steps.value,
        "guidance_scale": guidance and guidance.value,
    }
    inputs: dict[str, Any] = {**model.also, "prompt": request.prompt.value, **_size(request, model)}
    inputs |= {model.inputs[field]: value for field, value in given.items() if value is not None}
    return json.dumps({"input": inputs} if model.official else {"version": model.name, "input": inputs}).encode()


def _size(request: GenerationRequest, model: ReplicateModel) -> dict[str, Any]:
    if model.ratios:
        return {"aspect_ratio": model.ratios.shape(request.size).ratio}
    return {"width": request.size.width, "height": request.size.height}
