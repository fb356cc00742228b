"""OpenAI's own faults: its errors, and malformed answers in its format."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Entry, OfImages, at_either_side
from simulators.faults.image_list import of_each
from simulators.faults.json_answer import changing, saying_instead
from simulators.openai_images.errors import RATE_LIMIT, WRONG_KEY, OpenAIError, blocked, no_such_model

REFUSALS: dict[str, OpenAIError] = {
    "invalid-key": WRONG_KEY,
    "country": OpenAIError(
        403, "unsupported_country_region_territory", "Country, region, or territory not supported.", "request_forbidden"
    ),
    "model-not-found": no_such_model("gpt-image-1"),
    "invalid-value": OpenAIError(400, "invalid_value", "Invalid value: 'wrong'.", param="size"),
    "rate-limit": RATE_LIMIT,
    "slow-down": OpenAIError(429, "slow_down", "Slow down.", "rate_limit_error"),
    "insufficient-quota": OpenAIError(
        429, "insufficient_quota", "You exceeded your current quota.", "insufficient_quota"
    ),
    "credit-exhausted": OpenAIError(429, "credit_balance_exhausted", "No credits remain.", "insufficient_quota"),
    "project-spend-limit": OpenAIError(
        429, "project_spend_limit_exceeded", "The project's limit is reached.", "insufficient_quota"
    ),
    "billing-limit": OpenAIError(
        400, "billing_hard_limit_reached", "Billing hard limit has been reached.", "billing_limit_user_error"
    ),
    "overloaded": OpenAIError(
        503, "server_is_overloaded", "The engine is currently overloaded.", "service_unavailable_error"
    ),
    "moderation": blocked(None),
    "moderation-input": blocked("input"),
    "content-policy": OpenAIError(
        400, "content_policy_violation", "Your request was rejected as a result of our safety system."
    ),
}
"""Errors by the name of their fault without `error-`: nothing is charged."""

MODERATION_OUTPUT = blocked("output")


def linked_instead(entry: Entry) -> Entry:
    """Return the entry with a link, although base64 was ordered."""
    return {**entry, "image": "https://images.example.com/drawn.png", "linked": True}


def _answer(name: str, sentence: str, change: Callable[[dict[str, object]], object]) -> AfterCharge:
    return AfterCharge(name, sentence, changing(change))


OPENAI_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(
            f"error-{name}",
            f"{error.status} with {error.code}, or with the `status`: {error.message}",
            saying_instead(error.body, error.status, error.headers),
            reads=("status",),
        )
        for name, error in REFUSALS.items()
    ),
    *at_either_side(
        "error-moderation-output",
        "400 with moderation_blocked: the image was drawn, but is withheld.",
        saying_instead(MODERATION_OUTPUT.body, MODERATION_OUTPUT.status),
    ),
    *at_either_side(
        "error-without-code",
        "An error whose `code` is null, with 500 or the `status`.",
        saying_instead(OpenAIError(500, None, "The server had an error.", "server_error").body, 500),
        reads=("status",),
    ),
    BeforeCharge("error-string", "`error` is a string, with 400.", saying_instead({"error": "wrong"}, 400)),
    _answer("data-missing", "An answer without `data`.", lambda answer: {"created": answer["created"]}),
    _answer("data-null", "`data` is null.", lambda answer: {**answer, "data": None}),
    _answer("data-object", "`data` is an object.", lambda answer: {**answer, "data": {}}),
    _answer("data-of-strings", "`data` holds strings.", lambda answer: {**answer, "data": ["image"]}),
    OfImages(
        "linked-instead", "A link to another host, although base64 was ordered.", partial(of_each, linked_instead)
    ),
)
