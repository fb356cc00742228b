"""Stability AI's own faults: its errors, and malformed answers in its format."""

from __future__ import annotations

from functools import partial

from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Entry, OfImages, at_either_side
from simulators.faults.image_list import of_each
from simulators.faults.json_answer import changing, saying_instead
from simulators.stability.errors import ERRORS, INTERNAL


def finished(entry: Entry, *, reason: str) -> Entry:
    return {**entry, "finish_reason": reason}


STABILITY_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(
            f"error-{name.replace('_', '-')}",
            f"{error.status} with {name}, or with the `status`: {error.errors[0]}",
            saying_instead(error.body, error.status, error.headers),
            reads=("status",),
        )
        for name, error in ERRORS.items()
    ),
    *at_either_side(
        "error-internal", "500 with internal_error.", saying_instead(INTERNAL.body, INTERNAL.status), reads=("status",)
    ),
    BeforeCharge(
        "error-forbidden",
        "403 whose name is not that of moderation.",
        saying_instead({"id": "0", "name": "permission_denied", "errors": ["no permission"]}, 403),
    ),
    BeforeCharge("error-without-name", "403 with an unusual body.", saying_instead({"message": "no"}, 403)),
    OfImages(
        "content-filtered",
        "`finish_reason` says that the image violates the policy and is blurred.",
        partial(of_each, partial(finished, reason="CONTENT_FILTERED")),
    ),
    OfImages(
        "finished-oddly", "`finish_reason` is not documented.", partial(of_each, partial(finished, reason="ERROR"))
    ),
    AfterCharge(
        "finish-reason-missing",
        "An answer without `finish_reason`.",
        changing(lambda answer: {name: value for name, value in answer.items() if name != "finish_reason"}),
    ),
)
