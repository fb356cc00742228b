"""The models on offer, as described by the documents of their endpoints: one of each kind."""

from __future__ import annotations

from typing import Any, Final

SEEDREAM: Final = "bytedance-seed/seedream-4.5"
FLUX: Final = "black-forest-labs/flux.2-pro"
GPT: Final = "openai/gpt-image-2"
GEMINI: Final = "google/gemini-3.1-flash-image"
VECTOR: Final = "recraft/recraft-v4-vector"
SHAPELESS: Final = "sourceful/riverflow"


def one_of(*values: str) -> dict[str, Any]:
    return {"type": "enum", "values": list(values)}


def endpoint(tag: str | None, price: list[dict[str, Any]], **taken: dict[str, Any]) -> dict[str, Any]:
    return {
        "provider_name": str(tag).title(),
        "provider_slug": str(tag).partition("/")[0],
        "provider_tag": tag,
        "supported_parameters": taken,
        "allowed_passthrough_parameters": [],
        "supports_streaming": False,
        "pricing": price,
    }


def price(cost: float, unit: str = "image", **also: str) -> dict[str, Any]:
    return {"billable": "output_image", "unit": unit, "cost_usd": cost, **also}


def described() -> dict[str, list[dict[str, Any]]]:
    """Return the endpoints of each model, by the name of the model."""
    return {
        SEEDREAM: [
            endpoint(
                "bytedance",
                [price(0.04), {"billable": "input_image", "unit": "image", "cost_usd": 9}],
                resolution=one_of("512", "1K", "2K"),
                aspect_ratio=one_of("1:1", "16:9", "9:16", "21:9", "auto"),
                seed={"type": "boolean"},
            )
        ],
        FLUX: [
            endpoint(
                "black-forest-labs",
                [price(0.03, "megapixel")],
                aspect_ratio=one_of("1:1", "3:2", "2:3"),
                seed={"type": "range", "min": 0, "max": 4294967294},
                output_format=one_of("jpeg", "png"),
            )
        ],
        GPT: [
            endpoint(
                "openai",
                [price(0.00004, "token")],
                aspect_ratio=one_of("1:1", "3:2", "2:3"),
                quality=one_of("auto", "low", "medium", "high"),
                background=one_of("auto", "transparent", "opaque"),
                output_format=one_of("png", "jpeg", "webp"),
                output_compression={"type": "range", "min": 0, "max": 100},
            )
        ],
        GEMINI: [
            endpoint(
                "google-ai-studio",
                [price(0.067, variant="1k"), price(0.101, variant="2k"), price(0.151, variant="4k")],
                resolution=one_of("1K", "2K", "4K"),
                aspect_ratio=one_of("1:1", "16:9"),
            ),
            endpoint(
                "google-vertex/global",
                [price(0.07)],
                resolution=one_of("1K", "2K"),
                aspect_ratio=one_of("1:1", "4:3"),
                seed={"type": "range", "min": 0, "max": 1000},
            ),
            endpoint(
                "google-vertex/global",
                [price(0.08)],
                resolution=one_of("1K", "4K"),
                aspect_ratio=one_of("1:1", "4:3"),
                seed={"type": "range", "min": 100, "max": 2000},
            ),
        ],
        VECTOR: [endpoint("recraft", [price(0.08)], aspect_ratio=one_of("1:1"), output_format=one_of("svg"))],
        SHAPELESS: [endpoint("sourceful", [price(0.02)])],
    }
