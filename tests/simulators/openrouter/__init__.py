"""OpenRouter's Image API, `POST /api/v1/images`, and what it says of models, makers and prices.

Confirmed, from OpenRouter's OpenAPI document and guides, autumn 2026: the members of a call, their types and values;
that `size` in pixels beside a `resolution` or an `aspect_ratio` is refused with 400, that what a maker does not take is
clamped or ignored, that a maker of single images refuses `n` above 1; `provider.only` and `allow_fallbacks`; the lists
of models and of endpoints with the three kinds of descriptors and the lines of prices; `expiration_date` of a model;
the shape of an answer with `usage.cost`; the statuses and bodies of errors; `metadata.reasons` and `flagged_input` of
moderation; `GET /key`.

Inferred: that an unknown member is refused; that nobody who meets the routing is a 503; that an error may stand in a
200; how many pixels a ratio has; which models have which descriptors: these are made up, one of each kind.
"""

from simulators.openrouter.simulator import OpenRouterSimulator, openrouter_simulator

__all__ = ["OpenRouterSimulator", "openrouter_simulator"]
