"""Draw with the DallE wrapper of langchain-community, once for each order. Runs in an environment that has it.

A `patient` order uses the wrapper's default retries; `seconds` is its timeout.
"""

# ruff: noqa: T201  # a program, which prints

import json
import sys
from typing import Any

import openai  # type: ignore[import-not-found]  # in an environment of its own
from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper  # type: ignore[import-not-found]


def drawn(order: dict[str, Any]) -> dict[str, Any]:
    wrapper = DallEAPIWrapper(
        model=order["model"],
        api_key=order["api_key"],
        base_url=order["base_url"],
        size=order["size"],
        n=order["n"],
        quality=(order.get("extra") or {}).get("quality"),
        default_headers=order.get("headers"),
        **({} if order.get("patient") else {"max_retries": 0}),
        **({"timeout": order["seconds"]} if "seconds" in order else {}),
    )
    try:
        return {"images": [{"url": url} for url in wrapper.run(order["prompt"]).split(wrapper.separator)]}
    except openai.APIError as error:
        return {"failed": type(error).__name__, "kind": type(error).__name__, "said": str(error)}


print(json.dumps([drawn(order) for order in json.loads(sys.argv[2])]))
