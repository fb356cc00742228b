"""Replicate's HTTP API: models that run on its machines. A drawing is a prediction, asked about until it is done.

Confirmed, from Replicate's documentation, changelog and clients, as they stood in autumn 2026:

- `POST /v1/models/{owner}/{name}/predictions` for official models, `POST /v1/predictions` with a `version` for all
  others, both with `{"input": {}}`: 201 with a prediction, which has an `id` and a `status` of `starting`,
  `processing`, `succeeded`, `failed`, `canceled` or `aborted`. `output` is whatever the model makes of it: for an image
  a URL, or a list of them. `GET /v1/predictions/{id}` asks about it, `POST /v1/predictions/{id}/cancel` takes it back,
  `GET /v1/account` says whose the token is and costs nothing.
- Inputs differ from model to model, and `GET /v1/models/{owner}/{name}` describes them: so the operator declares them.
- Inputs, outputs and files are removed after an hour; then `data_removed` is true. Files lie on `replicate.delivery`.
- Predictions may be created 600 times a minute, and less often without credit: 429 with `{"detail", "retry_after"}`.
  402 is for an account without credit, 422 for a version or an input that cannot be, 401 for an unknown token.
- Of public models a canceled prediction is charged for, and one that was aborted before it began is not.

Inferred: that a prediction makes one image unless told otherwise, so each sample is one of its own; that an official
model may also be named as `version` is not relied on; that a succeeded prediction is charged for. Whether a failed one
is depends on how the model is priced, by time or by image, so it is reported as unknown, and so is one that was
canceled before it began. That moderation is behind a failure is read from the words of its `error`: `NSFW content
detected`, or `flagged as sensitive` with the code E005. No key makes creating idempotent: none is documented.
"""

from darkroom.adapters.generators.replicate.generator import ReplicateImageGenerator, open_replicate
from darkroom.adapters.generators.replicate.models import parse_models

__all__ = ["ReplicateImageGenerator", "open_replicate", "parse_models"]
