"""OpenRouter's Image API, `POST /api/v1/images`: many makers' models behind one key.

Confirmed, from OpenRouter's OpenAPI document and guides, as they stood in autumn 2026:

- A call takes `model`, `prompt`, `n`, `aspect_ratio`, `resolution` or `size`, `seed`, `quality`, `background`,
  `output_format`, `output_compression` and `provider`. Pixels are the maker's choice; what a maker does not know is
  clamped or ignored. `n` is an upper bound, and many makers draw one: so each sample is a call of its own.
- `GET /images/models/{author}/{slug}/endpoints` says for each maker of a model which parameters it takes (a parameter
  that is absent is not supported) and what it costs. `GET /model/{author}/{slug}` has `expiration_date`, the day after
  which the model may be removed, or null. `GET /key` costs nothing.
- `provider.only` and `allow_fallbacks: false` keep a call with one maker; otherwise OpenRouter itself asks the next.
- An answer is `{"data": [{"b64_json", "media_type"?}], "usage"?: {"cost"?}}`. Some models draw SVG, which is not an
  image here. Errors are `{"error": {"code", "message", "metadata"?}}`; 403 is for moderation, with `metadata.reasons`,
  and for a lack of permission.

Inferred: that a refusal (400, 401, 402, 403, 404, 413, 429) is not charged for; that an error may stand in a 200, as it
may in OpenRouter's chat API; that `GET /model/…` knows image models too; that seeds of a maker that does not tell their
range go up to 2147483647. That an answer without output costs nothing is confirmed for texts only: what a 500, 502,
503, 524 or 529 means for money is unknown. No key makes a call idempotent: none is documented.
"""

from darkroom.adapters.generators.openrouter.catalogue import Catalogue
from darkroom.adapters.generators.openrouter.generator import OpenRouterImageGenerator, open_openrouter
from darkroom.adapters.generators.openrouter.models import Named, OpenRouterModel, parse_models

__all__ = ["Catalogue", "Named", "OpenRouterImageGenerator", "OpenRouterModel", "open_openrouter", "parse_models"]
