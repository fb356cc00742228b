"""What schemathesis is told beyond the description. It is given this file by `SCHEMATHESIS_HOOKS`."""

from __future__ import annotations

import re
from typing import Any

import schemathesis

SMALLEST = 64
"""Pixels a side: what is tried is the service, not how fast the sketch is drawn."""


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:  # noqa: ANN401
    """Call nobody: `Webhook-URL` is for services whose operator has switched webhooks on, as its description says."""
    order = raw_schema["paths"]["/api/images"]["post"]
    order["parameters"] = [one for one in order["parameters"] if one.get("name") != "Webhook-URL"]


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:  # noqa: ANN401
    """Order the smallest picture wherever any would do; `64.0` is an integer to JSON Schema, and none here."""
    _put_right(case)
    if isinstance(case.body, dict):
        for name in ("width", "height", "samples", "n", "num_inference_steps", "seed"):
            if isinstance(number := case.body.get(name), float) and number.is_integer():
                case.body[name] = int(number)
        for side in ("width", "height"):
            if type(length := case.body.get(side)) is int and SMALLEST <= length <= 2048:
                case.body[side] = SMALLEST
        if re.fullmatch("auto|[0-9]{1,5}x[0-9]{1,5}", str(case.body.get("size"))):
            case.body["size"] = f"{SMALLEST}x{SMALLEST}"
        if isinstance(seeds := case.body.get("seed"), list):
            case.body["seed"] = [int(seed) if isinstance(seed, float) and seed.is_integer() else seed for seed in seeds]


def _put_right(case: schemathesis.Case[Any]) -> None:
    """In a query `since` and `format` go with `by`, and texts are printable, which a description cannot say."""
    if case.path == "/api/usage" and case.query and {"since", "format"} & case.query.keys():
        case.query.setdefault("by", "day")
    if case.path == "/api/generations" and case.query:
        for name in ("version", "text"):
            if isinstance(text := case.query.get(name), str) and text and not text.isprintable():
                case.query[name] = "".join(character if character.isprintable() else "x" for character in text)
