"""Black Forest Labs' API: FLUX. A drawing is a task, asked about until it is ready; its link lives for ten minutes.

Confirmed, from BFL's documentation (integration, errors, the reference of FLUX.2), their skills for assistants of
February 2026, and Vercel's adapter:

- `POST https://api.bfl.ai/v1/{model}` with `x-key`: 200 with `id`, `polling_url` and `cost`, in credits of 0.01 USD.
  `GET polling_url` goes to another host, as given, and says `status`, `result` and `details`. A result has `sample`, a
  link that dies after ten minutes, and `seed`. Statuses are `Pending`, `Ready`, `Request Moderated`, `Content
  Moderated`, `Error`, `Failed` and `Task not found`.
- Width and height are multiples of 16, from 64, at most 4 megapixels together. FLUX.2 [flex] takes `steps` and
  `guidance`, and rewrites the prompt unless `prompt_upsampling` is false. There is no negative prompt, no number of
  images, and nothing takes a task back.
- 401 and 403 are for the key, 402 for an account without credits, 422 for inputs, 429 for more than 24 tasks at once.

Inferred: that a refusal of 4xx is free; that `GET /v1/credits` stays, which is free; the hosts of images, which lie
below bfl.ai; that a task is not known everywhere for a moment after it was ordered. Whether what moderation holds back
is charged for is not documented, so that is unknown, and so are errors, 5xx and an order whose answer is lost: no key
makes an order idempotent.
"""

from darkroom.adapters.generators.bfl.generator import BflImageGenerator, open_bfl
from darkroom.adapters.generators.bfl.models import parse_models

__all__ = ["BflImageGenerator", "open_bfl", "parse_models"]
