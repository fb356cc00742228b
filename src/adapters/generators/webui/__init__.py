"""`POST /sdapi/v1/txt2img`, the API of AUTOMATIC1111's Stable Diffusion web UI and of other servers.

Besides the web UI itself: Forge, SD.Next, and the server of stable-diffusion.cpp.

Confirmed, from the sources of AUTOMATIC1111 1.10 and SD.Next and of stable-diffusion.cpp's server, as they stood in
autumn 2026:

- `steps` (50 by default) and `cfg_scale` (7) are our `num_inference_steps` and `guidance_scale`; `seed`, `prompt`,
  `negative_prompt`, `width`, `height`, `sampler_name` and `scheduler` go by these names. What is not known is ignored.
- The images of a batch are made with `seed`, `seed + 1` and so on, so seeds of one's own need a call for each image.
  The server draws one call after the other, from all clients together.
- The answer is `{"images": [base64], "parameters": {}, "info": "a JSON object, as a string"}`, and `info` tells by
  `all_seeds` which seeds were used. Extensions may add images of their own behind those that were ordered.
- `override_settings.sd_model_checkpoint` changes the checkpoint for one call. One that the server does not have is
  passed over in silence, and so is any by stable-diffusion.cpp, which has one only: `check` looks for it in
  `GET /sdapi/v1/sd-models`, and an image that `info` says was drawn with another is warned about.
- Without `--api` the web UI answers 404 with `{"detail": "Not Found"}`; with `--api-auth` it takes Basic credentials.
  An exception inside is a 500 with `{"error": its class, "detail", "body", "errors"}`, a field of a wrong type a 422.
- The web UI and stable-diffusion.cpp write prompts, settings and the seed into a PNG, as a text `parameters`.
- stable-diffusion.cpp reports the seed there alone: its `info` is empty. It takes 20 steps unless it is started with
  another number, passes over a sampler or scheduler that it does not know, and offers no progress.
- `force_task_id` names a call, and `GET /sdapi/v1/progress` tells `sampling_step` of `sampling_steps` and by
  `current_task` whose they are. Where that name is not told, nothing is known of ours.
- Sides that are not multiples of 8 are rounded down, so they are refused here. stable-diffusion.cpp rounds up to
  multiples of 64: `step=64` in a model's declaration.

Inferred: sides from 64 to 2048 pixels, which are those of the web UI's own page; that images come as PNG, as long as
the server's option `samples_format` is left alone; a data URL before the base64, which some clients reckon with, is
read past.

It runs on the operator's own machine and bills nothing. What the port says of money holds all the same, and means the
work: it is asked for once, and where the answer was cut off it is unknown whether it was done.
"""

from darkroom.adapters.generators.webui.call import CallOptions
from darkroom.adapters.generators.webui.generator import WebUIImageGenerator, open_webui

__all__ = ["CallOptions", "WebUIImageGenerator", "open_webui"]
