"""Replicate's HTTP API: each drawing is a prediction, polled until it is done.

Confirmed, from Replicate's documentation, changelog and clients, as they stood in autumn 2026:

- `POST /v1/models/{owner}/{name}/predictions` for official models, `POST /v1/predictions` with a `version` for all
  others, both with `{"input": {}}`: 201 with a prediction, which has an `id` and a `status` of `starting`,
  `processing`, `succeeded`, `failed`, `canceled` or `aborted`. `output` depends on the model: for an image it is a URL
  or a list of URLs. `GET /v1/predictions/{id}` returns the prediction, `POST /v1/predictions/{id}/cancel` cancels it,
  and `GET /v1/account` returns the token's account and is free.
- Inputs differ between models, and `GET /v1/models/{owner}/{name}` describes them; the operator declares them.
- Inputs, outputs and files are removed after an hour; then `data_removed` is true. Files are on `replicate.delivery`.
- At most 600 predictions may be created per minute, fewer without credit: 429 with `{"detail", "retry_after"}`.
  402 is for an account without credit, 422 for an invalid version or input, 401 for an unknown token.
- For public models, a canceled prediction is charged, and one that was aborted before it began is not.

Inferred: a prediction makes one image by default, so each sample is a prediction of its own; a succeeded prediction is
charged. It is not relied on that an official model may also be named as `version`. Whether a failed prediction is
charged depends on whether the model is priced by time or by image, so that is unknown, as it is for one canceled before
it began. A refusal by moderation is recognised by the text of `error`: `NSFW content detected`, or `flagged as
sensitive` with the code E005. No idempotency key is documented.
"""

from darkroom.adapters.generators.replicate.generator import ReplicateImageGenerator, open_replicate
from darkroom.adapters.generators.replicate.models import parse_models

__all__ = ["ReplicateImageGenerator", "open_replicate", "parse_models"]
