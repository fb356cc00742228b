"""Karlo's own faults: its error codes, and malformed answers in its format."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Entry, OfImages, at_either_side
from simulators.faults.image_list import of_each
from simulators.faults.json_answer import changing, saying_instead
from simulators.karlo.errors import KARLO_ERRORS, KarloError


def flagged(entry: Entry) -> Entry:
    return {**entry, "nsfw_content_detected": True, "nsfw_score": 0.97}


def _error(error: KarloError) -> Iterable[AnyFault]:
    name = f"error{error.code}"
    sentence = f"Code {error.code} with {error.status}, or with the `status`: {error.msg}."
    act = saying_instead({"code": error.code, "msg": error.msg}, error.status)
    if error.may_have_spent:
        return at_either_side(name, sentence, act, reads=("status",))
    return (BeforeCharge(name, sentence, act, reads=("status",)),)


KARLO_MENU: tuple[AnyFault, ...] = (
    *(fault for error in KARLO_ERRORS.values() for fault in _error(error)),
    *at_either_side(
        "error-unknown-code",
        "A code that Karlo does not document, with 400 or the `status`.",
        saying_instead({"code": -777, "msg": "new here"}, 400),
        reads=("status",),
    ),
    BeforeCharge(
        "error-code-as-string",
        "Code -10 as a string, with 400 or the `status`.",
        saying_instead({"code": "-10", "msg": "API limit has been exceeded"}, 400),
        reads=("status",),
    ),
    BeforeCharge(
        "error-without-code",
        "An error that has only a message, with 400 or the `status`.",
        saying_instead({"msg": "something is wrong"}, 400),
        reads=("status",),
    ),
    AfterCharge(
        "images-missing",
        "An answer without `images`.",
        changing(lambda answer: {name: value for name, value in answer.items() if name != "images"}),
    ),
    AfterCharge("images-null", "`images` is null.", changing(lambda answer: {**answer, "images": None})),
    AfterCharge("images-object", "`images` is an object.", changing(lambda answer: {**answer, "images": {}})),
    AfterCharge(
        "images-of-strings",
        "`images` contains the links themselves.",
        changing(lambda answer: {**answer, "images": [image["image"] for image in answer["images"]]}),
    ),
    OfImages(
        "nsfw-flagged",
        "`nsfw_checker` flags the image, even if it was not requested.",
        partial(of_each, flagged),
        reads=("index",),
    ),
)
