"""The body of a call."""

import json
from dataclasses import dataclass

from darkroom.domain.model.generation import GenerationRequest


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The operator's settings for all calls; None leaves the choice to the server."""

    sampler: str | None = None
    scheduler: str | None = None


def call_body(request: GenerationRequest, checkpoint: str | None, options: CallOptions, task: str) -> bytes:
    """Return the JSON body for one image, with the given parameters only.

    `checkpoint` is None for the loaded one; `task` is the name under which the server reports the call's progress.
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
