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
    given = request.parameters.given
    fields = {
        "prompt": request.prompt.value,
        "negative_prompt": given.get("negative_prompt"),
        "seed": request.seeds[0].value,
        "width": request.size.width,
        "height": request.size.height,
        "steps": given.get("num_inference_steps"),
        "cfg_scale": given.get("guidance_scale"),
        "sampler_name": options.sampler,
        "scheduler": options.scheduler,
        "force_task_id": task,
        "override_settings": checkpoint and {"sd_model_checkpoint": checkpoint},
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
