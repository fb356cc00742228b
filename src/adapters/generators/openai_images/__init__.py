"""OpenAI's Images API, `POST /v1/images/generations`, of OpenAI and of other servers.

Besides OpenAI itself: gateways such as LiteLLM, and engines on the operator's own machines, such as vLLM-Omni, SGLang,
LocalAI or stable-diffusion.cpp.

Confirmed, from OpenAI's API reference, guides and OpenAPI document, as they stood in autumn 2026:

- GPT image models take `prompt` (32,000 characters), `n`, `size`, `quality`, `background`, `moderation`,
  `output_format` and `output_compression`. They refuse `response_format` and always answer in base64. They know neither
  seeds, negative prompts, steps nor guidance. DALL-E 2 and 3 and `gpt-image-1` are gone.
- `gpt-image-1.5` and `gpt-image-1-mini` draw three sizes. From `gpt-image-2` on, sides are multiples of 16 up to 3840,
  no side is longer than three of the other, and an image has 655,360 to 8,294,400 pixels.
- Errors are `{"error": {"message", "type", "code", "param"}}`. A refusal by moderation is a 400 with the code
  `moderation_blocked` and says at which stage, `input` or `output`. `insufficient_quota` and its like come as 429 and
  are not over after a while; 503 with `server_is_overloaded` or `slow_down` asks to come again.
- `GET /v1/models` lists the models that a key may use, and costs nothing.

From runs of stable-diffusion.cpp's server: it reads prompt, number and size alone, draws with one seed, and reports
that in the text `parameters` of its PNG files. Errors are `{"error": "a sentence"}`.

From vLLM-Omni's documentation: `response_format`, and `negative_prompt`, `num_inference_steps`, `guidance_scale` and
`seed` under these very names. What other engines honour is for the operator to say.

Inferred: that the 2.6 models draw the sizes of 2 and 2.5; that a refusal at the stage `input`, or at none, is not
billed; that no key makes a call idempotent, since none is documented. No documentation says whether a refusal at the
stage `output` is billed, so it is reported as unknown. Prices depend on the quality and on the length of the prompt, so
no card has one.
"""

from darkroom.adapters.generators.openai_images.call import GPTImageOptions
from darkroom.adapters.generators.openai_images.generator import OpenAIImageGenerator, open_openai_images
from darkroom.adapters.generators.openai_images.models import OpenAIModel, parse_models

__all__ = ["GPTImageOptions", "OpenAIImageGenerator", "OpenAIModel", "open_openai_images", "parse_models"]
