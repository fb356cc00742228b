"""Google's Gemini API, `POST /v1beta/models/{model}:generateContent`, as its image models answer it to an API key.

Confirmed, from Google's documentation and the code of its Python client, as they stood in autumn 2026:

- The key goes along as `x-goog-api-key`. (As `?key=`, which works too, it would stand in logs.)
- A shape is ordered, not a size: `imageConfig` takes `aspectRatio` and `imageSize`, a tier. Negative prompts, steps and
  guidance are not known. Equal seeds give similar images and not equal ones.
- Refusals are 200: `promptFeedback.blockReason` without candidates, or a candidate's `finishReason` without a picture.
- Errors are `{"error": {"code", "message", "status", "details"}}`. A request that fails with 400 or 500 is not charged
  for. A detail of the type `RetryInfo` says how long to wait.
- All models named Imagen ended on 17 August 2026, so `:predict` is not spoken here.

Inferred: that the last part with `inlineData` that is not marked as a thought is the picture; that seeds are of 32 bits
with a sign; that a blocked prompt is free; that a picture withheld is free if no candidate token was counted, and
otherwise this is not known; that a model that talked instead of drawing was paid for; that a 429 without
`RetryInfo` is the quota of a day or a spending cap, for which waiting half a minute does not help; that
`GET /v1beta/models/{model}` costs nothing. What a 503 or a 504 means for money is not documented: it is unknown.

How many pixels come is up to the model: sources disagree with Google's table, and the file's own header is believed.
No key makes a call idempotent: none is documented.
"""

from darkroom.adapters.generators.gemini.generator import GeminiImageGenerator, open_gemini
from darkroom.adapters.generators.gemini.models import GeminiModel, parse_models

__all__ = ["GeminiImageGenerator", "GeminiModel", "open_gemini", "parse_models"]
