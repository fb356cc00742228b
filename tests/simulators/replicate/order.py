"""The inputs of two models, with the two ways to give a size."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from simulators.charges import Call
from simulators.pictures import ImageFormat, Picture
from simulators.replicate.errors import NO_SUCH_VERSION, NOT_FOUND, UNAUTHENTICATED, Refused, invalid_input

SDXL_VERSION = "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b"
SDXL = f"stability-ai/sdxl:{SDXL_VERSION}"
FLUX = "black-forest-labs/flux-dev"
RATIOS = {"1:1": (1024, 1024), "16:9": (1344, 768), "9:16": (768, 1344)}

Outputs = Annotated[int, Meta(ge=1, le=4)]
Steps = Annotated[int, Meta(ge=1, le=500)]


class SDXLInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of `stability-ai/sdxl`, with the fields for text-to-image only."""

    prompt: str = "An astronaut riding a rainbow unicorn"
    negative_prompt: str = ""
    width: int = 1024
    height: int = 1024
    num_outputs: Outputs = 1
    num_inference_steps: Steps = 50
    guidance_scale: Annotated[float, Meta(ge=1.0, le=50.0)] = 7.5
    seed: int | None = None
    scheduler: str = "K_EULER"

    def __post_init__(self) -> None:
        if any(side < 1 or side % 8 for side in (self.width, self.height)):
            raise ValueError("width and height must be multiples of 8")

    @property
    def pixels(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def image_format(self) -> ImageFormat:
        return "png"


class FluxInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of `black-forest-labs/flux-dev`."""

    prompt: str
    aspect_ratio: Literal["1:1", "16:9", "9:16"] = "1:1"
    num_outputs: Outputs = 1
    num_inference_steps: Annotated[int, Meta(ge=1, le=50)] = 28
    guidance: Annotated[float, Meta(ge=0.0, le=10.0)] = 3.0
    seed: int | None = None
    output_format: Literal["webp", "jpg", "png"] = "webp"
    go_fast: bool = True

    @property
    def pixels(self) -> tuple[int, int]:
        return RATIOS[self.aspect_ratio]

    @property
    def image_format(self) -> ImageFormat:
        return "jpeg" if self.output_format == "jpg" else self.output_format


Input: TypeAlias = SDXLInput | FluxInput


def pictures(given: Input) -> list[Picture]:
    """Return the pictures for an input: equal inputs give the same pictures."""
    seed = secrets.randbelow(2**32) if given.seed is None else given.seed
    recipe = (type(given).__name__, seed, msgspec.to_builtins(given))
    return [Picture(repr((recipe, place)), *given.pixels, given.image_format) for place in range(given.num_outputs)]


def authorised(headers: dict[str, str], api_token: str) -> None:
    """Check the token of a caller.

    Raises:
        Refused: it is missing or wrong.
    """
    if headers.get("authorization") != f"Bearer {api_token}":
        raise Refused(UNAUTHENTICATED)


def read_order(call: Call, api_token: str, official: str | None) -> Input:
    """Return the input of a valid call; `official` is the model that the path names, None for a version.

    Raises:
        Refused: the call is invalid; it reports the first error.
    """
    authorised(call.headers, api_token)
    body = call.body
    if not isinstance(body, dict) or not isinstance(body.get("input"), dict):
        raise Refused(invalid_input("- input is required"))
    if official not in (None, FLUX):
        raise Refused(NOT_FOUND)
    if official is None and body.get("version") not in (SDXL, SDXL_VERSION):
        raise Refused(NO_SUCH_VERSION)
    try:
        if official is not None:
            return msgspec.convert(body["input"], FluxInput)
        return msgspec.convert(body["input"], SDXLInput)
    except msgspec.ValidationError as error:
        raise Refused(invalid_input(f"- input: {error}")) from error
