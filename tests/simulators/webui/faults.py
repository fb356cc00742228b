"""The web UI's own faults: its errors, and malformed answers in its format."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Entry, OfImages, at_either_side
from simulators.faults.image_list import of_each
from simulators.faults.json_answer import changing, saying_instead
from simulators.webui.errors import (
    API_OFF,
    NO_SUCH_SAMPLER,
    OUT_OF_MEMORY,
    WRONG_CREDENTIALS,
    WebUIError,
    unprocessable,
)

REFUSALS: dict[str, WebUIError] = {
    "credentials": WRONG_CREDENTIALS,
    "api-off": API_OFF,
    "sampler": NO_SUCH_SAMPLER,
    "unprocessable": unprocessable("width", "value is not a valid integer"),
}
"""Errors by the name of their fault without `error-`: nothing is drawn."""


def as_data_url(entry: Entry) -> Entry:
    return {**entry, "image": f"data:image/png;base64,{entry['image']}"}


def _answer(name: str, sentence: str, change: Callable[[dict[str, Any]], object]) -> AfterCharge:
    return AfterCharge(name, sentence, changing(change))


def _info(name: str, sentence: str, change: Callable[[dict[str, Any]], object]) -> AfterCharge:
    """Return a fault that changes the content of `info`, which is JSON in a string."""
    return _answer(name, sentence, lambda answer: {**answer, "info": json.dumps(change(json.loads(answer["info"])))})


WEBUI_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(
            f"error-{name}", f"{error.status}: {error.body}.", saying_instead(error.body, error.status, error.headers)
        )
        for name, error in REFUSALS.items()
    ),
    *at_either_side(
        "error-out-of-memory",
        "500 with OutOfMemoryError.",
        saying_instead(OUT_OF_MEMORY.body, OUT_OF_MEMORY.status),
    ),
    _answer("images-missing", "An answer without `images`.", lambda answer: {"info": answer["info"]}),
    _answer("images-null", "`images` is null.", lambda answer: {**answer, "images": None}),
    _answer("images-object", "`images` is an object.", lambda answer: {**answer, "images": {}}),
    _answer("info-missing", "An answer without `info`.", lambda answer: {"images": answer["images"]}),
    _answer("info-null", "`info` is null.", lambda answer: {**answer, "info": None}),
    _answer("info-object", "`info` is an object, not a string.", lambda answer: {**answer, "info": {"seed": 1}}),
    _answer("info-garbage", "`info` is not JSON.", lambda answer: {**answer, "info": "{"}),
    _answer("info-array", "`info` is an array.", lambda answer: {**answer, "info": "[]"}),
    _answer("info-deep", "`info` is nested 100,000 deep.", lambda answer: {**answer, "info": "[" * 100_000}),
    _info("all-seeds-missing", "`info` has no `all_seeds`, only `seed`.", lambda info: {"seed": info["seed"]}),
    _info("all-seeds-empty", "`all_seeds` of `info` is empty.", lambda info: {**info, "all_seeds": []}),
    _info(
        "other-checkpoint",
        "`info` names another checkpoint.",
        lambda info: {**info, "sd_model_name": "other", "sd_model_hash": "0123456789"},
    ),
    OfImages("image-as-data-url", "A data URL instead of the bare base64.", partial(of_each, as_data_url)),
)
