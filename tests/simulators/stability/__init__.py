"""Stability AI's REST API v2beta, `POST /v2beta/stable-image/generate/{ultra,core,sd3}`: text to image.

Sources: Stability AI's API reference (its OpenAPI document, as copied into public clients, 2024 to 2026), and answers
that users showed. Documented: the fields with their types, ranges and defaults, `accept`, the content of a 200, in
the body or in the headers `seed` and `finish-reason`, the statuses 400, 403, 413, 422, 429 and 500 with
`{"id", "name", "errors"}`, 150 requests in 10 seconds, and that failed generations are not charged for. As users showed
them: 402 with `payment_required`, 403 with `content_moderation` ("you were not charged").

Documented sizes: Ultra and SD 3.5 draw one megapixel, 1024 x 1024 by default, and Core one and a half. Inferred: the
pixels of the other ratios; the messages of 401, 413, 422 and 429; that unknown fields are refused. Not simulated:
image-to-image, and thus bodies of more than 10 MiB.
"""

from simulators.stability.simulator import StabilitySimulator, stability_simulator

__all__ = ["StabilitySimulator", "stability_simulator"]
