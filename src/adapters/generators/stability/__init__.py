"""Stability AI's REST API v2beta, `POST /v2beta/stable-image/generate/{ultra,core,sd3}`.

Confirmed, from Stability AI's API reference and OpenAPI document, as public clients hold them (2024 to 2026):

- A call is `multipart/form-data` and draws one image. Prompts have at most 10,000 characters. Seeds are from 0 to
  4294967294; 0 requests a random one, so the cards begin with 1.
- A shape is ordered, not a size: `aspect_ratio` is one of nine. Ultra and SD 3.5 draw one megapixel, 1024 x 1024 by
  default, Core one and a half.
- SD 3.5 takes `cfg_scale` from 1 to 10; the default is 4, for Turbo and Flash 1. No service takes steps.
- With `accept: application/json` the answer is `{"image", "seed", "finish_reason"}`; `CONTENT_FILTERED` means that the
  image violates the policy, was blurred, and is charged.
- Errors are `{"id", "name", "errors"}`. Failed generations are not charged, nor are requests that moderation refuses
  (403, `content_moderation`). After too many requests (429), a client is refused for a minute.
- A credit costs a cent; each service documents the credits per image. `GET /v1/user/balance` is free.

Reported by users: 402 with `payment_required`, if no credits are left.

Inferred: a 500 may be charged, whatever the reference says of failed generations; the distilled models, Turbo and
Flash, ignore negative prompts, as the reference once said of SD 3 Turbo; SD 3.5 still does not draw WebP; the pixels of
ratios other than 1:1. So each card lists nine sizes near a megapixel with exactly Stability AI's ratios: the shape is
kept, and Stability AI decides the number of pixels.
"""

from darkroom.adapters.generators.stability.generator import StabilityImageGenerator, open_stability
from darkroom.adapters.generators.stability.models import MODELS

__all__ = ["MODELS", "StabilityImageGenerator", "open_stability"]
