"""The orders that `generateContent` accepts for an image: every member with its type and range, by model."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from simulators.charges import Call
from simulators.gemini.errors import NO_KEY, WRONG_KEY, Refused, invalid, no_such_model
from simulators.pictures import Picture

RATIOS: Mapping[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}
LONG_RATIOS: Mapping[str, tuple[int, int]] = {
    "1:4": (512, 2064),
    "4:1": (2064, 512),
    "1:8": (352, 2928),
    "8:1": (2928, 352),
}
ENLARGED = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}


@dataclass(frozen=True, slots=True)
class Model:
    """The sizes that a model accepts."""

    tiers: tuple[str, ...]
    long_ratios: bool = False


MODELS: Mapping[str, Model] = {
    "gemini-3.1-flash-image": Model(("512", "1K", "2K", "4K"), long_ratios=True),
    "gemini-nano-banana-2.1": Model(("512", "1K", "2K", "4K"), long_ratios=True),
    "gemini-3-pro-image": Model(("1K", "2K", "4K")),
    "gemini-3.1-flash-lite-image": Model(("1K",)),
}
THRESHOLDS = Literal["BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE", "OFF"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Refuses unknown members."""


class Part(Strict, frozen=True):
    text: str


class Content(Strict, frozen=True):
    parts: Annotated[list[Part], Meta(min_length=1)]
    role: Literal["user"] = "user"


class ImageConfig(Strict, frozen=True):
    aspectRatio: str = "1:1"  # noqa: N815  # Google's name
    imageSize: str = "1K"  # noqa: N815  # Google's name


class GenerationConfig(Strict, frozen=True):
    responseModalities: list[Literal["IMAGE", "TEXT"]] = []  # noqa: N815  # Google's name
    seed: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | None = None
    candidateCount: int = 1  # noqa: N815  # Google's name
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    imageConfig: ImageConfig = ImageConfig()  # noqa: N815  # Google's name


class SafetySetting(Strict, frozen=True):
    category: str
    threshold: THRESHOLDS


class Body(Strict, frozen=True):
    contents: Annotated[list[Content], Meta(min_length=1)]
    generationConfig: GenerationConfig = GenerationConfig()  # noqa: N815  # Google's name
    safetySettings: list[SafetySetting] = []  # noqa: N815  # Google's name


@dataclass(frozen=True, slots=True)
class GeminiOrder:
    """A valid call."""

    prompt: str
    width: int
    height: int

    def picture(self) -> Picture:
        """Return the picture, which is different each time, even with the same seed."""
        return Picture(secrets.token_hex(), self.width, self.height, "png")


def authorised(headers: Mapping[str, str], url: str, api_key: str) -> None:
    """Check the key of a caller, which must be in the header and not in the URL.

    Raises:
        Refused: it is missing, wrong or in the URL.
    """
    given = headers.get("x-goog-api-key")
    if given is None or "key=" in url:
        raise Refused(NO_KEY)
    if given != api_key:
        raise Refused(WRONG_KEY)


def model_of(name: str) -> Model:
    """Return the model `name`.

    Raises:
        Refused: there is none.
    """
    if name not in MODELS:
        raise Refused(no_such_model(name))
    return MODELS[name]


def read_order(call: Call, name: str, api_key: str) -> GeminiOrder:
    """Return the order of a valid call.

    Raises:
        Refused: the call is invalid; it reports the first error.
    """
    authorised(call.headers, call.url, api_key)
    model = model_of(name)
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(invalid("Invalid content type."))
    try:
        body = msgspec.json.decode(call.raw, type=Body)
    except msgspec.ValidationError as error:
        raise Refused(invalid(f"Invalid JSON payload received. {error}")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(invalid("Invalid JSON payload received. Unable to parse.")) from error
    config = body.generationConfig
    if "IMAGE" not in config.responseModalities:
        raise Refused(invalid("The requested combination of response modalities is not supported by the model."))
    if config.candidateCount != 1:
        raise Refused(invalid("Multiple candidates is not enabled for this model"))
    if config.imageConfig.imageSize not in model.tiers:
        raise Refused(invalid(f"Invalid value at 'generation_config.image_config.image_size' for {name}."))
    drawn = {**RATIOS, **LONG_RATIOS} if model.long_ratios else RATIOS
    if config.imageConfig.aspectRatio not in drawn:
        raise Refused(invalid(f"Invalid value at 'generation_config.image_config.aspect_ratio' for {name}."))
    prompt = "".join(part.text for content in body.contents for part in content.parts)
    if not prompt.strip():
        raise Refused(invalid("Unable to submit request because it must have a text parameter."))
    larger = ENLARGED[config.imageConfig.imageSize]
    width, height = (int(side * larger) for side in drawn[config.imageConfig.aspectRatio])
    return GeminiOrder(prompt, width, height)
