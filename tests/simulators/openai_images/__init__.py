"""OpenAI's Images API, `POST /v1/images/generations`, and its dialect of self-hosted engines.

Sources, as of autumn 2026:

- OpenAI's API reference ("Create image", "List models") and guides ("Image generation", "Error codes",
  "Rate limits"), its OpenAPI document and the types of its Python library: the GPT image models, their parameters,
  the format of answers and errors, the codes of 401, 403, 404, 429 and 503, `moderation_blocked` and the stages of
  moderation, `x-request-id`. DALL-E 2 and 3 were retired in May 2026, `gpt-image-1` in October 2026.
- vLLM-Omni's documentation ("Image Generation API"): `response_format`, `negative_prompt`, `num_inference_steps`,
  `guidance_scale`, `seed`, and `null` for missing values of an entry. SGLang, LocalAI and sd.cpp support a part of it.

Inferred: that the self-hosted dialect refuses unknown parameters too, with OpenAI's messages; the messages of errors;
that an image that moderation rejects after drawing may or may not be billed. Not simulated: streaming.
"""

from simulators.openai_images.simulator import OpenAIImagesSimulator, openai_images_simulator

__all__ = ["OpenAIImagesSimulator", "openai_images_simulator"]
