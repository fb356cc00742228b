"""The body of a call."""

import json
from dataclasses import dataclass

from darkroom.domain.model.generation import GenerationRequest


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What the operator chose once for all calls; None leaves it to the server."""

    sampler: str | None = None
    scheduler: str | None = None


def call_body(request: GenerationRequest, checkpoint: str | None, options: CallOptions, task: str) -> bytes:
    """Every parameter as given, for one image; what was not given is left out.

    `task` is what the server is to call it when it is asked how far it is.
    """
    negative_prompt, steps, guidance = request.negative_prompt, request.num_inference_steps, request.guidance_scale
    fields = {
        "prompt": request.prompt.value,
        "negative_prompt": negative_prompt and negative_prompt.value,
        "seed": request.seeds[0].value,
        "width": request.size.width,
        "height": request.size.height,
        "steps": steps and steps.value,
        "cfg_scale": guidance and guidance.value,
        "sampler_name": options.sampler,
        "scheduler": options.scheduler,
        "force_task_id": task,
        "override_settings": checkpoint and {"sd_model_checkpoint": checkpoint},
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
