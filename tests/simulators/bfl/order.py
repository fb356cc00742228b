"""The orders of two models: one with steps and guidance, and one without."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from simulators.pictures import Picture

PRO = "flux-2-pro"
FLEX = "flux-2-flex"
SMALLEST_SIDE = 64
STEP = 16
MOST_PIXELS = 4_000_000
CREDITS = {PRO: 3, FLEX: 5}
"""Credits for the first megapixel, by model."""


class ProInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of FLUX.2 [pro], without the fields for editing."""

    prompt: str
    seed: int | None = None
    width: int = 1024
    height: int = 1024
    safety_tolerance: Annotated[int, Meta(ge=0, le=5)] = 2
    output_format: Literal["jpeg", "png"] = "jpeg"

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if side and (side < SMALLEST_SIDE or side % STEP):
                raise ValueError("width and height must be multiples of 16, and at least 64")
        if self.width * self.height > MOST_PIXELS:
            raise ValueError("at most 4 megapixels")

    @property
    def rewritten(self) -> bool:
        return False


class FlexInput(ProInput, frozen=True, forbid_unknown_fields=True):
    """The input of FLUX.2 [flex]."""

    prompt_upsampling: bool = True
    steps: Annotated[int, Meta(ge=1, le=50)] = 50
    guidance: Annotated[float, Meta(ge=1.5, le=10.0)] = 5.0

    @property
    def rewritten(self) -> bool:
        return self.prompt_upsampling


Input: TypeAlias = ProInput | FlexInput
INPUTS: dict[str, type[ProInput | FlexInput]] = {PRO: ProInput, FLEX: FlexInput}


class Refused(Exception):
    """BFL refuses a request."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def authorised(headers: Mapping[str, str], api_key: str) -> None:
    """Check the key of a caller.

    Raises:
        Refused: it is missing or wrong.
    """
    if headers.get("x-key") != api_key:
        raise Refused(403, "Not authenticated - Invalid Authentication")


def read_order(headers: Mapping[str, str], body: Any, api_key: str, model: str) -> Input:  # noqa: ANN401
    """Return the input of a valid order.

    Raises:
        Refused: the order is invalid; it reports the first error.
    """
    authorised(headers, api_key)
    if model not in INPUTS:
        raise Refused(404, "Not Found")
    try:
        return msgspec.convert(body, INPUTS[model])
    except msgspec.ValidationError as error:
        raise Refused(422, [{"loc": ["body"], "msg": str(error), "type": "value_error"}]) from error


def picture(model: str, given: Input) -> tuple[int, Picture]:
    """Return the seed and the picture: equal inputs give the same picture."""
    seed = secrets.randbelow(2**32) if given.seed is None else given.seed
    recipe = repr((model, seed, msgspec.to_builtins(given)))
    return seed, Picture(recipe, given.width or 1024, given.height or 1024, given.output_format)
