"""What schemathesis cannot learn from the description. `SCHEMATHESIS_HOOKS` names this file."""

from __future__ import annotations

import re
from typing import Any

import schemathesis

SMALLEST = 64
"""Pixels of each side: the subject is the service, not how fast a sketch is drawn."""


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:  # noqa: ANN401
    """Send no `Webhook-URL`: it is only for services whose operator switched webhooks on, as its description says."""
    order = raw_schema["paths"]["/api/images"]["post"]
    order["parameters"] = [one for one in order["parameters"] if one.get("name") != "Webhook-URL"]


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:  # noqa: ANN401
    """Order the smallest image if any will do; send `64.0` as `64`: only JSON Schema takes `64.0` for an integer."""
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
    """Send `since` and `format` with `by`, and only printable texts: a description cannot express these rules."""
    if case.path == "/api/usage" and case.query and {"since", "format"} & case.query.keys():
        case.query.setdefault("by", "day")
    if case.path == "/api/generations" and case.query:
        for name in ("version", "text"):
            if isinstance(text := case.query.get(name), str) and text and not text.isprintable():
                case.query[name] = "".join(character if character.isprintable() else "x" for character in text)
