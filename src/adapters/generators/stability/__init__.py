"""Stability AI's REST API v2beta, `POST /v2beta/stable-image/generate/{ultra,core,sd3}`.

Confirmed, from Stability AI's API reference and OpenAPI document, as public clients hold them (2024 to 2026):

- A call is `multipart/form-data` and draws one image. Prompts are of at most 10,000 characters. Seeds go from 0 to
  4294967294, and 0 asks for one drawn by chance: so the cards begin with 1.
- A shape is ordered, not a size: `aspect_ratio` is one of nine. Ultra and SD 3.5 draw one megapixel, 1024 x 1024 by
  default, Core one and a half.
- SD 3.5 takes `cfg_scale` from 1 to 10, by itself 4, Turbo and Flash 1. No service takes steps.
- With `accept: application/json` the answer is `{"image", "seed", "finish_reason"}`; `CONTENT_FILTERED` means that the
  image violates the policy, was blurred, and counts as drawn.
- Errors are `{"id", "name", "errors"}`. Failed generations are not charged for, nor is what moderation refuses (403,
  `content_moderation`). Too many requests (429) are answered with a minute's rest.
- A credit costs a cent; each service says how many an image takes. `GET /v1/user/balance` costs nothing.

As users showed it: 402 with `payment_required`, where no credits are left.

Inferred: that what a 500 means for money is not certain, whatever the reference says of failed generations; that the
distilled models, Turbo and Flash, do not heed a negative prompt, as the reference once said of SD 3 Turbo; that SD 3.5
still draws no WebP; the pixels of the ratios other than 1:1. So each card lists nine sizes whose shapes are exactly
Stability AI's, near a megapixel: the shape is kept, and how many pixels there are is up to Stability AI.
"""

from darkroom.adapters.generators.stability.generator import StabilityImageGenerator, open_stability
from darkroom.adapters.generators.stability.models import MODELS

__all__ = ["MODELS", "StabilityImageGenerator", "open_stability"]
