"""OpenRouter's Image API, `POST /api/v1/images`, and its descriptions of models, makers and prices.

Confirmed, from OpenRouter's OpenAPI document and guides, autumn 2026: the members of a call, their types and values;
that `size` in pixels together with a `resolution` or an `aspect_ratio` is refused with 400, that values that a maker
does not support are clamped or ignored, that a maker of single images refuses `n` above 1; `provider.only` and
`allow_fallbacks`; the lists of models and endpoints with the three kinds of descriptors and the lines of prices;
`expiration_date` of a model; the format of an answer with `usage.cost`; the statuses and bodies of errors;
`metadata.reasons` and `flagged_input` of moderation; `GET /key`.

Inferred: that unknown members are refused; that a call is answered with 503 if no maker suits its routing; that a 200
may contain an error; the pixels of each ratio; the descriptors of each model, which are invented, one of each kind.
"""

from simulators.openrouter.simulator import OpenRouterSimulator, openrouter_simulator

__all__ = ["OpenRouterSimulator", "openrouter_simulator"]
