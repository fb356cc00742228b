"""The orders of two models, with the two ways to give a size; and the check of keys."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from simulators.pictures import ImageFormat, Picture

FLUX = "fal-ai/flux/dev"
BANANA = "fal-ai/nano-banana"
NAMED = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
RATIOS = {"1:1": (1024, 1024), "16:9": (1344, 768), "9:16": (768, 1344)}
SHORTEST_START = 1
LONGEST_SIDE = 14142

Side = Annotated[int, Meta(ge=1, le=LONGEST_SIDE)]


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    width: Side
    height: Side


class FluxInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of `fal-ai/flux/dev`."""

    prompt: str
    image_size: (
        Size | Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]
    ) = "landscape_4_3"
    num_inference_steps: Annotated[int, Meta(ge=1, le=50)] = 28
    seed: int | None = None
    guidance_scale: Annotated[float, Meta(ge=1.0, le=20.0)] = 3.5
    num_images: Annotated[int, Meta(ge=1, le=4)] = 1
    enable_safety_checker: bool = True
    output_format: Literal["jpeg", "png"] = "jpeg"
    acceleration: Literal["none", "regular", "high"] = "none"
    sync_mode: bool = False

    @property
    def pixels(self) -> tuple[int, int]:
        size = self.image_size
        return (size.width, size.height) if isinstance(size, Size) else NAMED[size]


class BananaInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of `fal-ai/nano-banana`."""

    prompt: str
    aspect_ratio: Literal["1:1", "16:9", "9:16"] = "1:1"
    num_images: Annotated[int, Meta(ge=1, le=4)] = 1
    output_format: Literal["jpeg", "png"] = "png"
    sync_mode: bool = False

    @property
    def seed(self) -> int | None:
        return None

    @property
    def pixels(self) -> tuple[int, int]:
        return RATIOS[self.aspect_ratio]


Input: TypeAlias = FluxInput | BananaInput
INPUTS: dict[str, type[FluxInput | BananaInput]] = {FLUX: FluxInput, BANANA: BananaInput}


class Refused(Exception):
    """fal refuses a request."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def authorised(headers: Mapping[str, str], api_key: str) -> None:
    """Check the key of a caller.

    Raises:
        Refused: it is missing or wrong.
    """
    if headers.get("authorization") != f"Key {api_key}":
        raise Refused(401, "Cannot access application. Authentication is required.")


def look_at_order(headers: Mapping[str, str], body: Any, api_key: str, model: str) -> Mapping[str, Any]:  # noqa: ANN401
    """Return the input of an order, not yet validated by the model.

    Raises:
        Refused: the order is not accepted.
    """
    authorised(headers, api_key)
    if model not in INPUTS:
        raise Refused(404, "Application not found")
    if not isinstance(body, dict):
        raise Refused(422, [{"loc": ["body"], "msg": "not an object", "type": "dict_type"}])
    deadline = headers.get("x-fal-request-timeout", "60")
    if not deadline.isdigit() or int(deadline) <= SHORTEST_START:
        raise Refused(400, "The timeout must be more than a second")
    return body


def read_input(model: str, given: Mapping[str, Any]) -> Input:
    """Return the validated input for a model.

    Raises:
        Refused: the model does not accept it.
    """
    try:
        return msgspec.convert(given, INPUTS[model])
    except msgspec.ValidationError as error:
        detail = {"loc": ["body"], "msg": str(error), "type": "value_error", "input": dict(given)}
        raise Refused(422, [detail]) from error


def pictures(given: Input) -> tuple[int, list[Picture]]:
    """Return the seed and the pictures: equal inputs give the same pictures."""
    seed = secrets.randbelow(2**32) if given.seed is None else given.seed
    image_format: ImageFormat = given.output_format
    recipe = (type(given).__name__, seed, msgspec.to_builtins(given))
    return seed, [Picture(repr((recipe, place)), *given.pixels, image_format) for place in range(given.num_images)]
