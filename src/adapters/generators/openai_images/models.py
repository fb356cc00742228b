"""Which models there are, and what each accepts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom.adapters.generators.declared_models import EXAMPLE, Sizes, read_honoured, read_sizes
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, PixelRange
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt


@dataclass(frozen=True, slots=True)
class OpenAIModel:
    """A model under the name by which the API knows it, that of its card.

    `is_gpt_image`: whether it is one of OpenAI's own, which take other parameters than all others.
    """

    card: ModelCard
    is_gpt_image: bool


# The sizes that the API's reference lists for these.
_THREE: Final = Sizes(PixelRange(1024, 1536), (ImageSize(1024, 1024), ImageSize(1536, 1024), ImageSize(1024, 1536)))
# The widest square within the limits on ratio and number of pixels. What lies outside of it, such as 3840 x 2160, can
# be listed.
_ANY: Final = Sizes(PixelRange(816, 2448, step=16))


def parse_models(entries: Iterable[str]) -> dict[str, OpenAIModel]:
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
        model = _model(name.strip(), rest.split())
        if models.setdefault(model.card.version.value, model) is not model:
            raise InvalidValue(f"{name.strip()!r} is named twice")
    return models


def _model(name: str, words: Sequence[str]) -> OpenAIModel:
    family = name.rpartition("/")[2]  # a gateway may put the name of the provider before it
    is_gpt_image = family.startswith("gpt-image-")
    sizes = read_sizes(words[0]) if words else _known_sizes(family)
    honoured = dict(read_honoured(word) for word in words[1:])
    if is_gpt_image and honoured:
        raise InvalidValue(f"{name!r} honours no {', '.join(honoured)}")
    card = ModelCard(
        version=ModelVersion(name),
        generator="openai",
        width=sizes.side,
        height=sizes.side,
        sizes=sizes.listed,
        prompt_max=Prompt.MAX_LENGTH,
        media_type=MediaType.PNG,
        samples_max=1,
        negative_prompt="negative_prompt" in honoured,
        seed="seed" in honoured,
        num_inference_steps=honoured.get("num_inference_steps"),
        guidance_scale=honoured.get("guidance_scale"),
    )
    return OpenAIModel(card, is_gpt_image)


def _known_sizes(family: str) -> Sizes:
    if family.startswith("gpt-image-1"):
        return _THREE
    if family.startswith("gpt-image-2"):
        return _ANY
    raise InvalidValue(f"{family!r} must say what it draws, as in {family}={EXAMPLE}")
