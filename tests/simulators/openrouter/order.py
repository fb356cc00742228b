"""The orders that a call may contain: every member with its type and values, and how the maker treats it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from simulators.charges import Call
from simulators.openrouter.errors import NO_MAKER, NOT_FOUND, WRONG_KEY, Refused, invalid
from simulators.pictures import ImageFormat, Picture

RATIOS: Mapping[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "3:2": (1264, 848),
    "2:3": (848, 1264),
    "4:3": (1200, 896),
    "16:9": (1376, 768),
    "9:16": (768, 1376),
    "21:9": (1584, 672),
}
ENLARGED = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}

Ratio = Literal[
    "1:1", "1:2", "1:4", "1:8", "2:1", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1", "9:16", "16:9",
    "9:19.5", "19.5:9", "9:20", "20:9", "9:21", "21:9", "auto",
]  # fmt: skip


class Routing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The makers that may draw."""

    only: list[str] | None = None
    order: list[str] | None = None
    ignore: list[str] | None = None
    allow_fallbacks: bool | None = None
    sort: str | None = None
    options: dict[str, dict[str, Any]] | None = None


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a call."""

    model: str
    prompt: Annotated[str, Meta(min_length=1)]
    n: Annotated[int, Meta(ge=1, le=10)] = 1
    resolution: Literal["512", "1K", "2K", "4K"] | None = None
    aspect_ratio: Ratio | None = None
    size: Annotated[str, Meta(pattern=r"^(512|1K|2K|4K|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$")] | None = None
    seed: int | None = None
    quality: Literal["auto", "low", "medium", "high"] | None = None
    background: Literal["auto", "transparent", "opaque"] | None = None
    output_format: Literal["png", "jpeg", "webp", "svg"] | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    provider: Routing | None = None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class OpenRouterOrder:
    """A valid call; `maker` draws it."""

    body: Body
    maker: Mapping[str, Any]

    @property
    def cost(self) -> float | None:
        """The cost in USD; None if the maker is not paid by the image."""
        return next((line["cost_usd"] for line in self.maker["pricing"] if line["unit"] == "image"), None)

    def picture(self) -> Picture:
        """Return the picture: equal parameters give the same picture if the maker honours the seed."""
        heeded = self.body.seed if "seed" in self.maker["supported_parameters"] else None
        seed = secrets.token_hex() if heeded is None else heeded
        recipe = repr((seed, self.body.model, self.body.prompt, self.body.quality))
        return Picture(recipe, *self._pixels(), self._format(), 90)

    def _pixels(self) -> tuple[int, int]:
        if self.body.size and "x" in self.body.size:
            wide, _, high = self.body.size.partition("x")
            return int(wide), int(high)
        taken = self.maker["supported_parameters"]
        ratio = _clamped(self.body.aspect_ratio, taken.get("aspect_ratio", {}).get("values", ["1:1"]))
        tier = _clamped(self.body.resolution or self.body.size, taken.get("resolution", {}).get("values", ["1K"]))
        width, height = (int(side * ENLARGED[tier]) for side in RATIOS[ratio])
        return width, height

    def _format(self) -> ImageFormat:
        values = self.maker["supported_parameters"].get("output_format", {}).get("values", [])
        chosen = self.body.output_format
        return chosen if chosen in values and chosen and chosen != "svg" else "png"


def _clamped(value: str | None, taken: Sequence[str]) -> str:
    """Return the value if the maker supports it; else the first one that it supports."""
    return value if value and value in taken and value != "auto" else taken[0]


def authorised(headers: Mapping[str, str], api_key: str) -> None:
    """Check the key of a caller.

    Raises:
        Refused: it is missing or wrong.
    """
    if headers.get("authorization") != f"Bearer {api_key}":
        raise Refused(WRONG_KEY)


def read_order(call: Call, api_key: str, models: Mapping[str, Sequence[Mapping[str, Any]]]) -> OpenRouterOrder:
    """Return the order of a valid call.

    Raises:
        Refused: the call is invalid; it reports the first error.
    """
    authorised(call.headers, api_key)
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(invalid("Content-Type must be application/json"))
    try:
        body = msgspec.json.decode(call.raw, type=Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(invalid(f"Invalid request parameters: {error}")) from error
    if body.model not in models:
        raise Refused(NOT_FOUND)
    if body.n > 1:
        raise Refused(invalid("This provider draws one image at a time"))
    if body.size and re.search("x", body.size) and (body.resolution or body.aspect_ratio):
        raise Refused(invalid("size in pixels contradicts resolution or aspect_ratio"))
    return OpenRouterOrder(body, _routed(body.provider or Routing(), models[body.model]))


def _routed(routing: Routing, makers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the maker that draws: the first that the routing allows."""
    allowed = [
        maker
        for maker in makers
        if (routing.only is None or {maker["provider_tag"], maker["provider_slug"]} & set(routing.only))
        and not {maker["provider_tag"], maker["provider_slug"]} & set(routing.ignore or ())
    ]
    if not allowed:
        raise Refused(NO_MAKER)
    return allowed[0]
