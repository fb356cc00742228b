"""fal's queue API: hundreds of models with one key. An order is queued, polled until it is done, and has a result.

Confirmed, from fal's documentation (inference API, queue, request errors, FAQ, reliability) and its clients for Python
and JavaScript, as they stood in August 2026:

- `POST https://queue.fal.run/{owner}/{app}[/{path}]` with a model's input, `Authorization: Key ...`: 200 with
  `request_id`, `status_url`, `response_url` and `cancel_url`, which are used as given, since they lack the path.
  `GET status_url` is 202 while the order waits or runs and 200 afterwards; `status` is `IN_QUEUE` with
  `queue_position`, `IN_PROGRESS` or `COMPLETED`. `GET response_url` returns the model's output, or an error with its
  own status. `PUT cancel_url` cancels an order that has not begun.
- Inputs differ from model to model, so the operator declares them. `image_size` takes `{"width", "height"}`.
- `X-Fal-No-Retry`, and `X-Fal-Request-Timeout`, the seconds within which an order must begin. By default, fal tries an
  order ten times and falls back to other endpoints.
- Server errors (500 and above) are never charged. fal's own errors are `{"detail": text, "error_type"}`. A 422 has a
  list in `detail`, with `type` such as `content_policy_violation`, and may be charged.
- Links are on fal.media and its subdomains, public, and valid for at least seven days. New accounts may run two orders
  at once; 429 means too many.

Inferred: `has_nsfw_concepts` of true means a black image that was charged; the name of `X-App-Fal-Disable-Fallback`;
a result of 499 may be charged, and so may any other 4xx in a result; the key is checked before an order is looked up,
so that `check` detects a wrong key. After a 5xx in answer to an order the outcome is unknown. A 5xx result without
fal's own error comes from a gateway and is asked for again. There is no idempotency key and no listing of orders: the
outcome of an order whose answer is lost is unknown.
"""

from darkroom.adapters.generators.fal.generator import FalImageGenerator, open_fal
from darkroom.adapters.generators.fal.models import parse_models

__all__ = ["FalImageGenerator", "open_fal", "parse_models"]
