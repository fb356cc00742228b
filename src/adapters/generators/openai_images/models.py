"""Which models there are, and what each accepts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.errors import InvalidValue
from domain.image_file import MediaType
from domain.model_card import ModelCard, NumberRange, PixelRange
from domain.values import GuidanceScale, ImageSize, InferenceSteps, ModelVersion, Prompt

EXAMPLE: Final = "flux-dev=512-2048/16 seed negative_prompt num_inference_steps=28 guidance_scale=3.5"

_RANGE: Final = re.compile(r"([0-9]{1,4})-([0-9]{1,4})(?:/([0-9]{1,4}))?")
_SIZE: Final = re.compile(r"([0-9]{1,4})x([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class OpenAIModel:
    """A model under the name by which the API knows it, that of its card.

    `is_gpt_image`: whether it is one of OpenAI's own, which take other parameters than all others.
    """

    card: ModelCard
    is_gpt_image: bool


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What a model draws: sides within a range, or the sizes that are listed."""

    side: PixelRange
    listed: tuple[ImageSize, ...] | None = None


# The sizes that the API's reference lists for these.
_THREE: Final = _Sizes(PixelRange(1024, 1536), (ImageSize(1024, 1024), ImageSize(1536, 1024), ImageSize(1024, 1536)))
# The widest square within the limits on ratio and number of pixels. What lies outside of it, such as 3840 x 2160, can
# be listed.
_ANY: Final = _Sizes(PixelRange(816, 2448, step=16))


def parse_models(entries: Iterable[str], *, gpt_image_type: MediaType) -> dict[str, OpenAIModel]:
    """Read the operator's list, by version.

    The name alone is enough for a GPT image model. Any other says what it draws: `=512-2048/16` are sides from 512 to
    2048 pixels in steps of 16, `=1024x1024|1536x1024` is a list of sizes. After a blank follows what it honours:
    `seed`, `negative_prompt`, and `num_inference_steps` and `guidance_scale` with what it takes where none is given.

    Raises:
        InvalidValue: an entry cannot be read, or a name comes twice.
    """
    models: dict[str, OpenAIModel] = {}
    for entry in entries:
        name, _, rest = entry.partition("=")
        model = _model(name.strip(), rest.split(), gpt_image_type)
        if models.setdefault(model.card.version.value, model) is not model:
            raise InvalidValue(f"{name.strip()!r} is named twice")
    return models


def _model(name: str, words: Sequence[str], gpt_image_type: MediaType) -> OpenAIModel:
    family = name.rpartition("/")[2]  # a gateway may put the name of the provider before it
    is_gpt_image = family.startswith("gpt-image-")
    sizes = _read_sizes(words[0]) if words else _known_sizes(family)
    honoured = dict(_honoured(word) for word in words[1:])
    if is_gpt_image and honoured:
        raise InvalidValue(f"{name!r} honours no {', '.join(honoured)}")
    card = ModelCard(
        version=ModelVersion(name),
        generator="openai",
        width=sizes.side,
        height=sizes.side,
        sizes=sizes.listed,
        prompt_max=Prompt.MAX_LENGTH,
        media_type=gpt_image_type if is_gpt_image else MediaType.PNG,
        samples_max=1,
        negative_prompt="negative_prompt" in honoured,
        seed="seed" in honoured,
        num_inference_steps=honoured.get("num_inference_steps"),
        guidance_scale=honoured.get("guidance_scale"),
    )
    return OpenAIModel(card, is_gpt_image)


def _known_sizes(family: str) -> _Sizes:
    if family.startswith("gpt-image-1"):
        return _THREE
    if family.startswith("gpt-image-2"):
        return _ANY
    raise InvalidValue(f"{family!r} must say what it draws, as in {EXAMPLE}")


def _read_sizes(text: str) -> _Sizes:
    try:
        if found := _RANGE.fullmatch(text):
            return _Sizes(PixelRange(int(found[1]), int(found[2]), step=int(found[3] or 1)))
        matches = [_SIZE.fullmatch(size) for size in text.split("|")]
        listed = tuple(ImageSize(int(found[1]), int(found[2])) for found in matches if found)
        if len(listed) == len(matches):
            sides = [side for size in listed for side in (size.width, size.height)]
            return _Sizes(PixelRange(min(sides), max(sides)), listed)
    except ValueError as error:
        raise InvalidValue(f"{text!r} cannot be drawn: {error}") from error
    raise InvalidValue(f"{text!r} must be sizes, as in {EXAMPLE}, or 1024x1024|1536x1024")


def _honoured(word: str) -> tuple[str, NumberRange | None]:
    field, _, default = word.partition("=")
    ranges = {
        "num_inference_steps": (InferenceSteps.MIN, InferenceSteps.MAX),
        "guidance_scale": (GuidanceScale.MIN, GuidanceScale.MAX),
    }
    if field in ("seed", "negative_prompt") and not default:
        return field, None
    try:
        low, high = ranges[field]
        return field, NumberRange(low, high, default=float(default))
    except (KeyError, ValueError) as error:
        raise InvalidValue(f"{word!r} must be a field that it honours, as in {EXAMPLE}") from error
