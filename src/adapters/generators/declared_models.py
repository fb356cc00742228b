"""Reads an operator's declaration of a model: its sizes, and the fields that it honours."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.model_card import HONOURABLE, Markup, NumberRange, PixelRange
from darkroom.domain.model.parameters import NUMBERS, TEXTS
from darkroom.domain.model.values import ImageSize

EXAMPLE: Final = "512-2048/16 seed negative_prompt num_inference_steps=28 guidance_scale=3.5"

SEED_TOLD: Final = "seed=told"
"""The word for a model whose engine may draw with another seed than it was sent."""

MARKUP: Final = {"markup=lora": Markup.NETWORKS, "markup=localai": Markup.BAR}
"""The words that permit markup in the prompts of a model, and the kind of markup that each is about."""

_RANGE: Final = re.compile(r"([0-9]{1,4})-([0-9]{1,4})(?:/([0-9]{1,4}))?")
_SIZE: Final = re.compile(r"([0-9]{1,4})x([0-9]{1,4})")
_NUMBER: Final = re.compile(r"([0-9.]+)(?:\(([0-9.]+)-([0-9.]+)\))?")


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes that a model draws, in pixels: sides within a range or, if `listed` is not None, those sizes only."""

    side: PixelRange
    listed: tuple[ImageSize, ...] | None = None


def read_sizes(text: str) -> Sizes:
    """Read `512-2048/16`, sides from 512 to 2048 pixels in steps of 16, or `1024x1024|1536x1024`, a list of sizes.

    Raises:
        InvalidValue: it is neither, or a size is out of bounds.
    """
    try:
        if found := _RANGE.fullmatch(text):
            return Sizes(PixelRange(int(found[1]), int(found[2]), step=int(found[3] or 1)))
        matches = [_SIZE.fullmatch(size) for size in text.split("|")]
        listed = tuple(ImageSize(int(found[1]), int(found[2])) for found in matches if found)
        if len(listed) == len(matches):
            sides = [side for size in listed for side in (size.width, size.height)]
            return Sizes(PixelRange(min(sides), max(sides)), listed)
    except ValueError as error:
        raise InvalidValue(f"{text!r} cannot be drawn: {error}") from error
    raise InvalidValue(f"{text!r} must be sizes, as in {EXAMPLE}, or 1024x1024|1536x1024")


def read_markup(words: Iterable[str]) -> frozenset[Markup]:
    """Return the markup that a self-hosted engine interprets and prompts must not contain, for `ModelCard.reads`.

    This is stable-diffusion.cpp's `<sd_cpp_extra_args>`, networks unless `words` contain `markup=lora`, and the bar if
    they contain `markup=localai`. Other words are ignored.

    Raises:
        InvalidValue: another word begins with `markup=`.
    """
    reads = {Markup.EXTRA_ARGS, Markup.NETWORKS}
    for word in words:
        if word.startswith("markup=") and word not in MARKUP:
            raise InvalidValue(f"{word!r} must be {' or '.join(MARKUP)}")
        if word in MARKUP:
            reads ^= {MARKUP[word]}
    return frozenset(reads)


def read_honoured(word: str) -> tuple[str, NumberRange | None]:
    """Read a field that a model honours; return its name and, for a number, its range and default.

    The fields are `seed` (or `seed=sent`), `seed=told` if only a seed reported by the answer counts as the image's,
    `negative_prompt`, and numbers with their default and, if narrower than the widest, their range:
    `num_inference_steps=28`, `guidance_scale=3.5(0-10)`.

    Raises:
        InvalidValue: it is something else.
    """
    field, _, default = word.partition("=")
    if (field in ("seed", *TEXTS) and not default) or word in ("seed=sent", SEED_TOLD):
        return field, None
    found = _NUMBER.fullmatch(default)
    if field in NUMBERS and found:
        least, most = NUMBERS[field].MIN, NUMBERS[field].MAX
        number = type(least)
        try:
            low, high = number(found[2] or least), number(found[3] or most)
            return field, NumberRange(max(low, least), min(high, most), default=number(found[1]))
        except ValueError as error:
            raise InvalidValue(f"{word!r} cannot be honoured: {error}") from error
    raise InvalidValue(f"{word!r} must be a field that the model honours, as in {EXAMPLE}")


def honouring(honoured: Mapping[str, NumberRange | None]) -> dict[str, Any]:
    """Return the arguments of a ModelCard for all optional fields; `honoured` holds results of `read_honoured`."""
    return {field: honoured.get(field) if field in NUMBERS else field in honoured for field in HONOURABLE}
