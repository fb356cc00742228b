"""fal's queue: hundreds of models with one key. An order waits, is asked about until it is done, and has a result.

Confirmed, from fal's documentation (inference API, queue, request errors, FAQ, reliability) and its clients for Python
and JavaScript, as they stood in August 2026:

- `POST https://queue.fal.run/{owner}/{app}[/{path}]` with a model's input, `Authorization: Key ...`: 200 with
  `request_id`, `status_url`, `response_url` and `cancel_url`, which are used as they come: the path does not stand in
  them. `GET status_url` is 202 while it waits or runs and 200 then; `status` is `IN_QUEUE` with `queue_position`,
  `IN_PROGRESS` or `COMPLETED`. `GET response_url` is the model's output, or the error with its own status. `PUT
  cancel_url` takes an order back that has not begun.
- Inputs differ from model to model, so the operator declares them. `image_size` takes `{"width", "height"}`.
- `X-Fal-No-Retry` and `X-Fal-Request-Timeout`, the seconds until an order must have begun. fal tries ten times by
  itself otherwise, and has fallbacks to other endpoints.
- Server errors (500 and more) are never charged. An error of fal's own is `{"detail": text, "error_type"}`. 422 has a
  list in `detail`, with `type` such as `content_policy_violation`, and may be charged for.
- Links lie on fal.media and below, are public, and live for seven days at least. Two orders run at once for new
  accounts, and 429 says that there are too many.

Inferred: that `has_nsfw_concepts` of true stands for a black picture that was charged for; the name of
`X-App-Fal-Disable-Fallback`; that a result of 499 may be charged for, and so may every other error of 4xx in a result;
that a 401 comes before an unknown order is looked for, so that `check` sees a wrong key. A 5xx in answer to an order is
unknown, and a page of whatever stands before fal says nothing: its result is asked for again. No key makes an order
idempotent, and there is no listing of orders: one whose answer is lost is unknown.
"""

from darkroom.adapters.generators.fal.generator import FalImageGenerator, open_fal
from darkroom.adapters.generators.fal.models import parse_models

__all__ = ["FalImageGenerator", "open_fal", "parse_models"]
