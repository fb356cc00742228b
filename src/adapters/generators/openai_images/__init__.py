"""OpenAI's Images API, `POST /v1/images/generations`, of OpenAI and other servers.

The others are gateways such as LiteLLM, and self-hosted engines such as vLLM-Omni, SGLang, LocalAI or
stable-diffusion.cpp.

Confirmed, from OpenAI's API reference, guides and OpenAPI document, as they stood in autumn 2026:

- GPT image models take `prompt` (32,000 characters), `n`, `size`, `quality`, `background`, `moderation`,
  `output_format` and `output_compression`. They refuse `response_format` and always answer in base64. They support no
  seeds, negative prompts, steps or guidance. DALL-E 2 and 3 and `gpt-image-1` have been removed.
- `gpt-image-1.5` and `gpt-image-1-mini` draw three sizes. From `gpt-image-2` on, sides are multiples of 16 up to 3840,
  with a ratio of at most 3:1, and an image has 655,360 to 8,294,400 pixels.
- Errors are `{"error": {"message", "type", "code", "param"}}`. A refusal by moderation is a 400 with the code
  `moderation_blocked` and the stage, `input` or `output`. `insufficient_quota` and similar codes have status 429, but
  waiting does not help; a 503 with `server_is_overloaded` or `slow_down` may be tried again.
- `GET /v1/models` lists the models that a key may use, and is free.

From runs of stable-diffusion.cpp's server: it reads only prompt, number and size, draws with one seed, and reports that
in the text chunk `parameters` of its PNG files. Errors are `{"error": "a sentence"}`.

From vLLM-Omni's documentation: `response_format`, and `negative_prompt`, `num_inference_steps`, `guidance_scale` and
`seed` under these names. The operator declares what other engines honour.

Inferred: the 2.6 models draw the sizes of 2 and 2.5; a refusal at the stage `input`, or without a stage, is not billed;
no idempotency key is sent, since none is documented. Whether a refusal at the stage `output` is billed is not
documented, so that is unknown. Prices depend on the quality and on the length of the prompt, so no card has one.
"""

from darkroom.adapters.generators.openai_images.call import GPTImageOptions
from darkroom.adapters.generators.openai_images.generator import OpenAIImageGenerator, open_openai_images
from darkroom.adapters.generators.openai_images.models import OpenAIModel, parse_models

__all__ = ["GPTImageOptions", "OpenAIImageGenerator", "OpenAIModel", "open_openai_images", "parse_models"]
