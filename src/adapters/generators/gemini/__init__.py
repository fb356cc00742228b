"""Google's Gemini API, `POST /v1beta/models/{model}:generateContent`, for image models and with an API key.

Confirmed, from Google's documentation and the code of its Python client, as they stood in autumn 2026:

- The key is sent as `x-goog-api-key`. (`?key=` works too, but would appear in logs.)
- A shape is ordered, not a size: `imageConfig` takes `aspectRatio` and `imageSize`, a tier. Negative prompts, steps and
  guidance are not supported. Equal seeds give similar images, not equal ones.
- Refusals have status 200: `promptFeedback.blockReason` without candidates, or a candidate's `finishReason` without an
  image.
- Errors are `{"error": {"code", "message", "status", "details"}}`. A request that fails with 400 or 500 is not
  charged. A detail of type `RetryInfo` says how long to wait.
- All Imagen models ended on 17 August 2026, so `:predict` is not supported.

Inferred: the last part with `inlineData` that is not marked as a thought is the image; seeds are signed 32-bit
integers; a blocked prompt is free; a withheld image is free if no candidate tokens were counted, and otherwise unknown;
a model that answered in words instead of drawing was paid; a 429 without `RetryInfo` is a daily quota or a spending
cap, for which a short wait does not help; `GET /v1beta/models/{model}` is free. Whether a 503 or 504 is charged is not
documented, so that is unknown.

The model decides the number of pixels: sources disagree with Google's table, and the file's header is authoritative.
No idempotency key is documented.
"""

from darkroom.adapters.generators.gemini.generator import GeminiImageGenerator, open_gemini
from darkroom.adapters.generators.gemini.models import GeminiModel, parse_models

__all__ = ["GeminiImageGenerator", "GeminiModel", "open_gemini", "parse_models"]
