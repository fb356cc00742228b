"""The orders that the Images API accepts: every parameter with its type and range, by model."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Meta

from simulators.charges import Call
from simulators.openai_images.accents import Accent
from simulators.openai_images.errors import OpenAIError, Refused, no_such_model
from simulators.pictures import ImageFormat, Picture

THREE_SIZES = ("1024x1024", "1536x1024", "1024x1536")
OF_THREE_SIZES = ("gpt-image-1-mini", "gpt-image-1.5")
OF_ANY_SIZE = ("gpt-image-2", "gpt-image-2-2026-04-21")
OF_ANY_SIZE_AND_MORE_QUALITIES = ("gpt-image-2.5-flare", "gpt-image-2.5-sunburst", "gpt-image-2.6-flare")
GPT_MODELS = (*OF_THREE_SIZES, *OF_ANY_SIZE, *OF_ANY_SIZE_AND_MORE_QUALITIES)

LARGEST_EDGE, EDGE_STEP, LARGEST_RATIO = 3840, 16, 3
FEWEST_PIXELS, MOST_PIXELS = 655_360, 8_294_400
LARGEST_OPEN_EDGE = 4096

Prompt = Annotated[str, Meta(min_length=1, max_length=32_000)]
Count = Annotated[int, Meta(ge=1, le=10)]
Size = Annotated[str, Meta(pattern=r"^(auto|[1-9][0-9]{0,4}x[1-9][0-9]{0,4})$")]
FIELD = re.compile(r"unknown field `(?P<unknown>[^`]*)`|`\$\.(?P<wrong>[^`]*)`|field `(?P<missing>[^`]*)`")


class GPTImageOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call for a GPT image model. These have neither seeds nor `response_format`: they answer in base64."""

    model: str
    prompt: Prompt
    n: Count | None = None
    size: Size | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    moderation: Literal["auto", "low"] | None = None
    output_format: ImageFormat | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    user: str = ""

    def __post_init__(self) -> None:
        if self.quality in {"xhigh", "max"} and self.model not in OF_ANY_SIZE_AND_MORE_QUALITIES:
            raise ValueError(f"`$.quality` {self.quality} is not for {self.model}")
        if self.background == "transparent" and (self.model in OF_ANY_SIZE or self.image_format == "jpeg"):
            raise ValueError("`$.background` cannot be transparent")
        if self.output_compression is not None and self.image_format == "png":
            raise ValueError("`$.output_compression` is for jpeg and webp")
        if self.size not in {None, "auto"} and not self._draws(*self.pixels):
            raise ValueError(f"`$.size` {self.size} is not drawn by {self.model}")

    def _draws(self, width: int, height: int) -> bool:
        if self.model in OF_THREE_SIZES:
            return self.size in THREE_SIZES
        return (
            max(width, height) <= min(LARGEST_EDGE, LARGEST_RATIO * min(width, height))
            and width % EDGE_STEP == height % EDGE_STEP == 0
            and FEWEST_PIXELS <= width * height <= MOST_PIXELS
        )

    @property
    def images(self) -> int:
        return self.n or 1

    @property
    def pixels(self) -> tuple[int, int]:
        return pixels_of(self.size)

    @property
    def image_format(self) -> ImageFormat:
        return self.output_format or "png"

    @property
    def links(self) -> bool:
        return False

    def pictures(self) -> list[Picture]:
        """Return the pictures of the order, which are different each time."""
        quality = 100 if self.output_compression is None else max(1, self.output_compression)
        return [Picture(secrets.token_hex(), *self.pixels, self.image_format, quality) for _ in range(self.images)]


class OpenOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call for any other model, of an engine with the same API, and with seeds."""

    prompt: Prompt
    model: str
    n: Count | None = None
    size: Size | None = None
    response_format: Literal["b64_json", "url"] | None = None
    negative_prompt: str | None = None
    num_inference_steps: Annotated[int, Meta(ge=1, le=1000)] | None = None
    guidance_scale: Annotated[float, Meta(ge=0.0, le=100.0)] | None = None
    seed: Annotated[int, Meta(ge=0, le=4_294_967_295)] | None = None
    user: str = ""

    def __post_init__(self) -> None:
        if max(self.pixels) > LARGEST_OPEN_EDGE or any(side % 8 for side in self.pixels):
            raise ValueError(f"`$.size` {self.size} is not drawn by {self.model}")

    @property
    def images(self) -> int:
        return self.n or 1

    @property
    def pixels(self) -> tuple[int, int]:
        return pixels_of(self.size)

    @property
    def links(self) -> bool:
        return self.response_format == "url"

    def pictures(self) -> list[Picture]:
        """Return the pictures of the order: equal parameters give the same pictures."""
        first = secrets.randbelow(2**32) if self.seed is None else self.seed
        recipes = (
            (
                first + place,
                self.model,
                self.prompt,
                self.negative_prompt,
                self.num_inference_steps,
                self.guidance_scale,
            )
            for place in range(self.images)
        )
        return [
            Picture(repr(recipe), *self.pixels, "png", parameters=self._infotext(first + place))
            for place, recipe in enumerate(recipes)
        ]

    def _infotext(self, seed: int) -> str:
        """Return the text that an engine writes to the file of an image, as stable-diffusion.cpp does."""
        negative = f"Negative prompt: {self.negative_prompt}\n" if self.negative_prompt else ""
        said = "" if self.seed is None else f"Seed: {seed}, "
        size = "x".join(str(side) for side in self.pixels)
        return f"{self.prompt}\n{negative}Steps: {self.num_inference_steps or 20}, {said}Size: {size}, Version: engine"


ImageOrder: TypeAlias = GPTImageOrder | OpenOrder


def pixels_of(size: str | None) -> tuple[int, int]:
    """Return the width and height of a size; `auto` and None are the default."""
    width, _, height = (size if size and size != "auto" else "1024x1024").partition("x")
    return int(width), int(height)


PLAIN = Accent({})
"""The API of OpenAI, and of engines like vLLM-Omni: no field is renamed."""


def read_order(call: Call, api_key: str, open_models: Collection[str], accent: Accent = PLAIN) -> ImageOrder:
    """Return the order of a valid call.

    Raises:
        Refused: the call is invalid; it reports the first error.
    """
    accent.authorised(call.headers, dict(parse_qsl(urlsplit(call.url).query)), api_key)
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(OpenAIError(415, "unsupported_content_type", "Content-Type must be application/json."))
    try:
        body = msgspec.json.decode(call.raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(OpenAIError(400, None, "We could not parse the JSON body of your request.")) from error
    if accent is not PLAIN and isinstance(body, dict):
        body = accent.in_plain_words(body)
    model = body.get("model") if isinstance(body, dict) else None
    if model not in (*GPT_MODELS, *open_models):
        raise Refused(no_such_model(model))
    return _converted(body, GPTImageOrder if model in GPT_MODELS else OpenOrder)


def _converted(body: dict[str, Any], kind: type[ImageOrder]) -> ImageOrder:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        found = FIELD.search(str(error))
        kinds = {"unknown": "unknown_parameter", "wrong": "invalid_value", "missing": "missing_required_parameter"}
        code = kinds[found.lastgroup] if found and found.lastgroup else "invalid_value"
        param = found[found.lastgroup] if found and found.lastgroup else None
        raise Refused(OpenAIError(400, code, f"{error}", param=param)) from error
