"""Black Forest Labs' API for FLUX: each drawing is a task, polled until it is ready; its link lives for ten minutes.

Confirmed, from BFL's documentation (integration, errors, the reference of FLUX.2), their skills for assistants of
February 2026, and Vercel's adapter:

- `POST https://api.bfl.ai/v1/{model}` with `x-key`: 200 with `id`, `polling_url` and `cost`, in credits of 0.01 USD.
  `GET polling_url`, on another host and used as given, returns `status`, `result` and `details`. A result has `sample`,
  a link that expires after ten minutes, and `seed`. Statuses are `Pending`, `Ready`, `Request Moderated`, `Content
  Moderated`, `Error`, `Failed` and `Task not found`.
- Width and height are multiples of 16 from 64, with at most 4 megapixels. FLUX.2 [flex] takes `steps` and `guidance`,
  and rewrites the prompt unless `prompt_upsampling` is false. BFL takes neither negative prompts nor a number of
  images, and a task cannot be cancelled.
- 401 and 403 are for the key, 402 for an account without credits, 422 for inputs, 429 for more than 24 tasks at once.

Inferred: a 4xx refusal is free; `GET /v1/credits` remains, and is free; images are on subdomains of bfl.ai; a new task
may not be known to all servers at once. Whether an image withheld by moderation is charged is not documented, so that
is unknown, as it is for errors, 5xx and an order whose answer is lost: BFL takes no idempotency key.
"""

from darkroom.adapters.generators.bfl.generator import BflImageGenerator, open_bfl
from darkroom.adapters.generators.bfl.models import parse_models

__all__ = ["BflImageGenerator", "open_bfl", "parse_models"]
