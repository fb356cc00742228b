"""`POST /sdapi/v1/txt2img`, the API of AUTOMATIC1111's Stable Diffusion web UI and other servers.

The others are Forge, SD.Next, and the server of stable-diffusion.cpp.

Confirmed, from the sources of AUTOMATIC1111 1.10 and SD.Next and of stable-diffusion.cpp's server, as they stood in
autumn 2026:

- `steps` (default 50) and `cfg_scale` (default 7) are our `num_inference_steps` and `guidance_scale`; `seed`, `prompt`,
  `negative_prompt`, `width`, `height`, `sampler_name` and `scheduler` have these names. Unknown fields are ignored.
- The images of a batch are drawn with `seed`, `seed + 1` and so on, so freely chosen seeds need a call for each image.
  The server draws one call after another, for all clients together.
- The answer is `{"images": [base64], "parameters": {}, "info": "a JSON object, as a string"}`; `all_seeds` in `info`
  gives the seeds used. Extensions may append images of their own.
- `override_settings.sd_model_checkpoint` selects the checkpoint for one call. A missing checkpoint is silently ignored,
  and stable-diffusion.cpp, which has only one, ignores the option. So `check` looks for the checkpoint in
  `GET /sdapi/v1/sd-models`, and a warning is logged if `info` names another one for an image.
- Without `--api` the web UI answers 404 with `{"detail": "Not Found"}`; with `--api-auth` it takes Basic credentials.
  An internal exception is a 500 with `{"error": its class, "detail", "body", "errors"}`, a field of a wrong type a 422.
- The web UI and stable-diffusion.cpp write prompts, settings and the seed into a PNG, as a text chunk `parameters`.
- stable-diffusion.cpp reports the seed only there: its `info` is empty. It takes 20 steps unless it is started with
  another number, ignores an unknown sampler or scheduler, and reports no progress.
- `force_task_id` names a call at AUTOMATIC1111 (since 1.8) and Forge. `POST /internal/progress` with that name as
  `id_task` says whether it is `active`, the `progress` from 0 to 1, an estimate `eta` in seconds and, unless
  `live_preview` is false, the image as far as it is drawn: a data URI in `live_preview`, null if previews are switched
  off. It is the web UI's own route, and missing if that is started with `--nowebui`. `GET /sdapi/v1/progress` does not
  say to which call its image and its steps belong (its model has no `current_task`), so it is not asked. SD.Next
  ignores `force_task_id`: nothing is known of our call there.
- Sides that are not multiples of 8 are rounded down, so Darkroom refuses them. stable-diffusion.cpp rounds up to
  multiples of 64: declare its models with `step=64`.

Inferred: sides are from 64 to 2048 pixels, as on the web UI's own page; images are PNG, unless the server's option
`samples_format` was changed; the base64 may have the prefix of a data URL, as some clients expect.

The server is the operator's own and charges nothing. The port's rules on money apply to the work instead: it is
requested once, and if the answer is cut off, it is unknown whether it was done.
"""

from darkroom.adapters.generators.webui.call import CallOptions
from darkroom.adapters.generators.webui.generator import WebUIImageGenerator, open_webui

__all__ = ["CallOptions", "WebUIImageGenerator", "open_webui"]
