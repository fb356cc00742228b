"""Google's own faults: its errors, refusals in a 200, and images among other parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, OfBytes, at_either_side
from simulators.faults.json_answer import changing, saying_instead
from simulators.gemini.errors import (
    DAY_QUOTA,
    DEADLINE,
    INTERNAL,
    NO_KEY,
    OVERLOADED,
    RATE_LIMIT,
    WRONG_KEY,
    GeminiError,
    invalid,
    no_such_model,
)
from simulators.pictures import Picture

ERRORS: dict[str, GeminiError] = {
    "wrong-key": WRONG_KEY,
    "permission": NO_KEY,
    "unauthenticated": GeminiError(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    "invalid-argument": invalid("Request contains an invalid argument."),
    "precondition": GeminiError(
        400, "FAILED_PRECONDITION", "The free tier is not available in your country. Please enable billing."
    ),
    "model-not-found": no_such_model("gemini-2.5-flash-image"),
    "rate-limit": RATE_LIMIT,
    "day-quota": DAY_QUOTA,
    "internal": INTERNAL,
}
"""Errors by the name of their fault without `error-`: nothing is charged."""

BLOCK_REASONS = (
    "SAFETY",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "IMAGE_SAFETY",
    "MODEL_ARMOR",
    "JAILBREAK",
)
WITHHELD_REASONS = (
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "IMAGE_OTHER",
    "SAFETY",
    "PROHIBITED_CONTENT",
    "BLOCKLIST",
    "SPII",
    "RECITATION",
    "LANGUAGE",
)


def named(reason: str) -> str:
    return reason.lower().replace("_", "-")


def blocked(reason: str) -> dict[str, object]:
    return {
        "promptFeedback": {"blockReason": reason},
        "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10},
        "modelVersion": "gemini-3.1-flash-image",
    }


def withheld(reason: str, tokens: int | None = None) -> dict[str, object]:
    counted = {} if tokens is None else {"candidatesTokenCount": tokens}
    return {
        "candidates": [
            {
                "content": {},
                "finishReason": reason,
                "finishMessage": "Unable to show the generated image. You will not be charged for blocked images.",
                "index": 0,
            }
        ],
        "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10 + (tokens or 0), **counted},
    }


def ended(reason: str | None, *parts: dict[str, object]) -> dict[str, object]:
    finished = {} if reason is None else {"finishReason": reason}
    return {
        "candidates": [{"content": {"role": "model", "parts": list(parts)}, **finished, "index": 0}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 40, "totalTokenCount": 50},
    }


SAID: dict[str, object] = {"text": "Here is how I would draw a fox in the snow."}
DRAFT: dict[str, object] = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}, "thought": True}


def _parts(answer: dict[str, Any]) -> list[dict[str, object]]:
    parts: list[dict[str, object]] = answer["candidates"][0]["content"]["parts"]
    return parts


def thinking_first(answer: dict[str, Any]) -> dict[str, Any]:
    _parts(answer)[:0] = [{"text": "Let me think.", "thought": True}, DRAFT, SAID]
    return answer


def thinking_last(answer: dict[str, Any]) -> dict[str, Any]:
    _parts(answer).append(DRAFT)
    return answer


def another_first(answer: dict[str, Any]) -> dict[str, Any]:
    _parts(answer)[:0] = [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]
    return answer


def as_jpeg(picture: Picture) -> bytes:
    return replace(picture, image_format="jpeg").encoded()


GEMINI_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(
            f"error-{name}",
            f"{error.code} with {error.status}: {error.message}",
            saying_instead(error.body, error.code),
        )
        for name, error in ERRORS.items()
    ),
    *at_either_side("error-overloaded", "503 with UNAVAILABLE.", saying_instead(OVERLOADED.body, 503)),
    *at_either_side("error-deadline", "504 with DEADLINE_EXCEEDED.", saying_instead(DEADLINE.body, 504)),
    *at_either_side(
        "error-of-other-code",
        "500 with an error whose code is 400, so that it is not from Google itself.",
        saying_instead(invalid("Something is wrong.").body, 500),
    ),
    *(
        BeforeCharge(
            f"blocked-{named(reason)}", f"200: the prompt is blocked, {reason}.", saying_instead(blocked(reason), 200)
        )
        for reason in BLOCK_REASONS
    ),
    *(
        BeforeCharge(f"withheld-{named(reason)}", f"200: no image, {reason}.", saying_instead(withheld(reason, 0), 200))
        for reason in WITHHELD_REASONS
    ),
    BeforeCharge(
        "withheld-uncounted",
        "200: no image, IMAGE_SAFETY, without a count of candidate tokens.",
        saying_instead(withheld("IMAGE_SAFETY"), 200),
    ),
    *at_either_side(
        "withheld-and-counted",
        "200: no image, IMAGE_SAFETY, although candidate tokens are counted.",
        saying_instead(withheld("IMAGE_SAFETY", 1120), 200),
    ),
    *at_either_side(
        "withheld-oddly",
        "200: no image, for an undocumented reason.",
        saying_instead(withheld("IMAGE_UNSPEAKABLE", 0), 200),
    ),
    AfterCharge("talked", "200: text instead of an image.", saying_instead(ended("STOP", SAID), 200)),
    AfterCharge("talked-no-image", "200: NO_IMAGE, and text.", saying_instead(ended("NO_IMAGE", SAID), 200)),
    AfterCharge("thought-too-long", "200: MAX_TOKENS, and no parts.", saying_instead(ended("MAX_TOKENS"), 200)),
    AfterCharge(
        "only-thought", "200: a draft among the thoughts, but no image.", saying_instead(ended("STOP", DRAFT), 200)
    ),
    AfterCharge("finish-reason-missing", "200: text without a `finishReason`.", saying_instead(ended(None, SAID), 200)),
    AfterCharge("thinking-first", "Thoughts, including a draft, before the image.", changing(thinking_first)),
    AfterCharge("thinking-last", "A draft among the thoughts, after the image.", changing(thinking_last)),
    AfterCharge("another-first", "An invalid image before the image.", changing(another_first)),
    AfterCharge("candidates-null", "`candidates` is null.", changing(lambda answer: {**answer, "candidates": None})),
    AfterCharge(
        "candidates-of-text", "`candidates` holds text.", changing(lambda answer: {**answer, "candidates": ["a"]})
    ),
    AfterCharge("content-null", "`content` is null.", saying_instead({"candidates": [{"content": None}]}, 200)),
    OfBytes("image-as-jpeg", "A JPEG, because the model chooses the media type.", as_jpeg, reads=("index",)),
)
