"""OpenRouter's own faults: its errors, errors in a 200, and images that differ from the order."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Entry, OfBytes, OfImages, at_either_side
from simulators.faults.image_bytes import SVG
from simulators.faults.image_list import of_each
from simulators.faults.json_answer import changing, saying_instead
from simulators.openrouter.errors import (
    MODERATED,
    NO_MAKER,
    NOT_FOUND,
    RATE_LIMIT,
    WRONG_KEY,
    OpenRouterError,
    invalid,
)
from simulators.pictures import Picture

REFUSALS: dict[str, OpenRouterError] = {
    "wrong-key": WRONG_KEY,
    "invalid": invalid("Invalid request parameters"),
    "no-credits": OpenRouterError(402, "Insufficient credits. Add more using https://openrouter.ai/credits"),
    "permission": OpenRouterError(403, "Only management keys can perform this operation"),
    "moderation": MODERATED,
    "not-found": NOT_FOUND,
    "too-large": OpenRouterError(413, "Request payload too large"),
    "rate-limit": RATE_LIMIT,
}
"""Errors by the name of their fault without `error-`: nothing is charged."""

TROUBLE: dict[str, OpenRouterError] = {
    "timeout": OpenRouterError(408, "Request timed out"),
    "internal": OpenRouterError(500, "Internal Server Error"),
    "maker": OpenRouterError(502, "Provider returned error"),
    "no-maker": NO_MAKER,
    "edge": OpenRouterError(524, "Request timed out. Please try again later."),
    "overloaded": OpenRouterError(529, "Provider returned error"),
}
"""Errors by the name of their fault without `error-`; it is not documented whether they are charged."""


def of_cost(error: OpenRouterError, cost: float | None) -> dict[str, object]:
    return {**error.body, "usage": {"cost": cost}}


def clamped(picture: Picture) -> bytes:
    return replace(picture, width=1200, height=896).encoded()


def drawn_as_svg(picture: Picture) -> bytes:
    return SVG


def said_to_be(entry: Entry, *, media_type: object) -> Entry:
    return {**entry, "media_type": media_type}


def without(*names: str) -> Any:  # noqa: ANN401  # a change of an answer
    return lambda answer: {name: value for name, value in answer.items() if name not in names}


MAKER_FAILED = TROUBLE["maker"]

OPENROUTER_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(f"error-{name}", f"{error.code}: {error.message}.", saying_instead(error.body, error.code))
        for name, error in REFUSALS.items()
    ),
    *(
        fault
        for name, error in TROUBLE.items()
        for fault in at_either_side(
            f"error-{name}", f"{error.code}: {error.message}.", saying_instead(error.body, error.code)
        )
    ),
    *at_either_side("within-unpriced", "200 that contains an error.", saying_instead(MAKER_FAILED.body, 200)),
    *at_either_side(
        "within-moderation", "200 that contains a refusal by moderation.", saying_instead(MODERATED.body, 200)
    ),
    BeforeCharge(
        "within-free", "200 that contains an error and a cost of 0.", saying_instead(of_cost(MAKER_FAILED, 0), 200)
    ),
    BeforeCharge(
        "within-moderation-free",
        "200 that contains a refusal by moderation and a cost of 0.",
        saying_instead(of_cost(MODERATED, 0), 200),
    ),
    AfterCharge(
        "within-paid", "200 that contains an error and a cost.", saying_instead(of_cost(MAKER_FAILED, 0.04), 200)
    ),
    AfterCharge(
        "error-beside-the-image",
        "The right answer with an additional error.",
        changing(lambda answer: answer | MAKER_FAILED.body),
    ),
    BeforeCharge("error-string", "`error` is a string, with 400.", saying_instead({"error": "wrong"}, 400)),
    AfterCharge("data-missing", "An answer without `data`.", changing(without("data"))),
    AfterCharge("data-null", "`data` is null.", changing(lambda answer: {**answer, "data": None})),
    AfterCharge("data-of-strings", "`data` holds strings.", changing(lambda answer: {**answer, "data": ["image"]})),
    AfterCharge("usage-missing", "An answer without `usage`.", changing(without("usage"))),
    AfterCharge("cost-null", "`usage.cost` is null.", changing(lambda answer: {**answer, "usage": {"cost": None}})),
    OfBytes("image-clamped", "An image of the ratio 4:3 instead of the ordered one.", clamped, reads=("index",)),
    OfBytes("image-svg-drawn", "An SVG, as drawn by vector models.", drawn_as_svg, reads=("index",)),
    OfImages(
        "media-type-svg",
        "The declared media type is SVG.",
        partial(of_each, partial(said_to_be, media_type="image/svg+xml")),
    ),
    OfImages("media-type-null", "The media type is null.", partial(of_each, partial(said_to_be, media_type=None))),
)
