"""OpenRouter's Image API, `POST /api/v1/images`: the models of many makers with one key.

Confirmed, from OpenRouter's OpenAPI document and guides, as they stood in autumn 2026:

- A call takes `model`, `prompt`, `n`, `aspect_ratio`, `resolution` or `size`, `seed`, `quality`, `background`,
  `output_format`, `output_compression` and `provider`. The maker decides the number of pixels; unsupported values are
  clamped or ignored. `n` is an upper bound, and many makers draw one image, so each sample is a call of its own.
- `GET /images/models/{author}/{slug}/endpoints` lists for each maker of a model the supported parameters (an absent one
  is not supported) and the price. `GET /model/{author}/{slug}` has `expiration_date`, the day after which the model may
  be removed, or null. `GET /key` is free.
- `provider.only` and `allow_fallbacks: false` restrict a call to one maker; otherwise OpenRouter falls back to others.
- An answer is `{"data": [{"b64_json", "media_type"?}], "usage"?: {"cost"?}}`. Some models draw SVG, which Darkroom does
  not support. Errors are `{"error": {"code", "message", "metadata"?}}`; 403 is for moderation, with `metadata.reasons`,
  and for missing permissions.

Inferred: a refusal (400, 401, 402, 403, 404, 413, 429) is not charged; a 200 may contain an error, as in OpenRouter's
chat API; `GET /model/…` includes image models; seeds go up to 2147483647 if a maker gives no range. That an answer
without output is free is confirmed for texts only, so whether a 500, 502, 503, 524 or 529 is charged is unknown. No
idempotency key is documented.
"""

from darkroom.adapters.generators.openrouter.catalogue import Catalogue
from darkroom.adapters.generators.openrouter.generator import OpenRouterImageGenerator, open_openrouter
from darkroom.adapters.generators.openrouter.models import Named, OpenRouterModel, parse_models

__all__ = ["Catalogue", "Named", "OpenRouterImageGenerator", "OpenRouterModel", "open_openrouter", "parse_models"]
