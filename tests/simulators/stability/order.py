"""The orders that the three services accept: every field with its type and range."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from simulators.charges import Call
from simulators.pictures import ImageFormat, Picture
from simulators.stability.errors import ERRORS, Refused, bad_request
from simulators.stability.form import read_form

LARGEST_SEED = 2**32 - 2
RATIOS: dict[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "21:9": (1536, 640),
    "2:3": (832, 1216),
    "3:2": (1216, 832),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}
"""Width and height of about one megapixel, by ratio."""
CORE_ENLARGEMENT = 1.25
"""The factor from one to about one and a half megapixels that keeps the sides whole."""

Service = Literal["ultra", "core", "sd3"]
Text = Annotated[str, Meta(max_length=10_000)]
Ratio = Literal["16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"]
StylePreset = Literal[
    "3d-model",
    "analog-film",
    "anime",
    "cinematic",
    "comic-book",
    "digital-art",
    "enhance",
    "fantasy-art",
    "isometric",
    "line-art",
    "low-poly",
    "modeling-compound",
    "neon-punk",
    "origami",
    "photographic",
    "pixel-art",
    "tile-texture",
]


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of all services. A seed of 0 means a random one."""

    prompt: Annotated[str, Meta(min_length=1, max_length=10_000)]
    negative_prompt: Text = ""
    aspect_ratio: Ratio = "1:1"
    seed: Annotated[int, Meta(ge=0, le=LARGEST_SEED)] = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"


class SD3Fields(Fields, frozen=True, forbid_unknown_fields=True):
    """The fields of SD 3.5."""

    output_format: Literal["png", "jpeg"] = "png"
    mode: Literal["text-to-image"] = "text-to-image"
    model: Literal["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash"] = "sd3.5-large"
    cfg_scale: Annotated[float, Meta(ge=1, le=10)] | None = None


FIELDS: dict[Service, type[Fields]] = {"ultra": Fields, "core": Fields, "sd3": SD3Fields}


@dataclass(frozen=True, slots=True)
class StabilityOrder:
    """A valid call; `seed` is the seed that draws, `in_json` says whether the answer is JSON."""

    service: Service
    fields: Fields
    seed: int
    in_json: bool

    def picture(self) -> Picture:
        """Return the picture: equal fields give the same picture."""
        width, height = RATIOS[self.fields.aspect_ratio]
        if self.service == "core":
            width, height = int(width * CORE_ENLARGEMENT), int(height * CORE_ENLARGEMENT)
        recipe = (self.service, msgspec.structs.replace(self.fields, seed=self.seed))
        return Picture(repr(recipe), width, height, self.fields.output_format, 90)


def authorised(headers: dict[str, str], api_key: str) -> None:
    """Check the key of a caller.

    Raises:
        Refused: it is missing or wrong.
    """
    if headers.get("authorization") != f"Bearer {api_key}":
        raise Refused(ERRORS["unauthorized"])


def read_order(call: Call, service: Service, api_key: str) -> StabilityOrder:
    """Return the order of a valid call.

    Raises:
        Refused: the call is invalid; it reports the first error.
    """
    authorised(call.headers, api_key)
    accept = call.headers.get("accept", "image/*")
    if accept not in {"image/*", "application/json"}:
        raise bad_request('accept: must be "image/*" or "application/json"')
    form = read_form(call)
    try:
        fields = msgspec.convert(form, FIELDS[service], strict=False)
    except msgspec.ValidationError as error:
        raise bad_request(_sentence(str(error))) from error
    return StabilityOrder(
        service, fields, fields.seed or secrets.randbelow(LARGEST_SEED) + 1, accept == "application/json"
    )


def _sentence(error: str) -> str:
    """Return an error with the name of the field in front, as Stability AI writes it."""
    found = re.search(r"`\$\.(?P<wrong>[^`]*)`|field `(?P<odd>[^`]*)`", error)
    return f"{found[found.lastgroup]}: {error}" if found and found.lastgroup else error
