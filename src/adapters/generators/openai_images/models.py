"""The models of an endpoint as the operator declares them: what each accepts, and under which names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom.adapters.generators.declared_inputs import read_input, read_value
from darkroom.adapters.generators.declared_models import (
    EXAMPLE,
    SEED_TOLD,
    Sizes,
    honouring,
    read_honoured,
    read_markup,
    read_sizes,
)
from darkroom.adapters.generators.ratios import RatioTable
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import HONOURABLE, ModelCard, NumberRange, PixelRange
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIModel:
    """A model, and how it is called.

    `name` is the API's. `is_gpt_image`: whether it takes the parameters of OpenAI's own models. `fields` maps our names
    of fields to the API's, where they differ. `size` is the field for the size, or one for each side; `ratios`, if not
    None, maps sizes to values of `aspect_ratio` and `resolution`. `also` are constant fields, which replace computed
    ones; `without` are fields that are left out.
    """

    card: ModelCard
    name: str
    is_gpt_image: bool
    fields: Mapping[str, str] = field(default_factory=dict)
    size: tuple[str, ...] = ("size",)
    ratios: RatioTable | None = None
    also: Mapping[str, Any] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    def size_fields(self, size: ImageSize) -> Mapping[str, Any]:
        """Return the fields for a size.

        Raises:
            GeneratorRefused: the size is no longer offered.
        """
        if self.ratios is not None:
            shape = self.ratios.shape(size)
            return {"aspect_ratio": shape.ratio} | ({"resolution": shape.tier.lower()} if shape.tier else {})
        if len(self.size) == 1:
            return {self.size[0]: f"{size.width}x{size.height}"}
        return dict(zip(self.size, (size.width, size.height), strict=True))


# The sizes of `gpt-image-1.5` and `gpt-image-1-mini`, from the API's reference.
_THREE: Final = Sizes(PixelRange(1024, 1536), (ImageSize(1024, 1024), ImageSize(1536, 1024), ImageSize(1024, 1536)))
# The widest range of sides whose combinations all meet the limits on ratio and number of pixels. Sizes outside of it,
# such as 3840 x 2160, can be listed.
_ANY: Final = Sizes(PixelRange(816, 2448, step=16))
_GPT_IMAGE: Final = "kind=gpt-image"
_SIZES: Final = re.compile(r"[0-9]|[^:=]*$")  # sizes begin with a digit; any other first word contains : or =
_SIZE_FIELDS: Final = re.compile(r"size:([A-Za-z_]\w*)(?:,([A-Za-z_]\w*))?")
# Fields of an order, which the operator cannot set to a constant.
_ORDERED: Final = ("prompt", "size", *HONOURABLE)


def parse_models(entries: Iterable[str]) -> dict[str, OpenAIModel]:
    """Read the operator's list; return the models by version.

    A name alone is enough for a GPT image model. Any other needs sizes: `=512-2048/16` are sides from 512 to 2048
    pixels in steps of 16, `=1024x1024|1536x1024` is a list of sizes, `=1:1=1024x1024|16:9=1344x768` a list of ratios
    with their sizes. Words follow, separated by blanks:

    - fields that it honours, in the form of `read_honoured`: `seed`, `negative_prompt`, `num_inference_steps=28`,
      `guidance_scale=3.5`; with the API's name, if it differs: `num_inference_steps:steps=28`;
    - `size:width,height` or `size:dimensions`, if the fields for sizes have other names;
    - `kind=gpt-image` for one of OpenAI's models whose name does not show it;
    - `markup=lora` and `markup=localai`, in the form of `read_markup`;
    - any other `field=value` for a constant field of every call: `watermark=false`, `response_format=base64`, or
      `model=name` if the API has another name for the model; `field=` to leave a field out: `response_format=`, `n=`.

    Raises:
        InvalidValue: an entry is invalid, or a name is given twice.
    """
    models: dict[str, OpenAIModel] = {}
    for entry in entries:
        name, _, rest = entry.partition("=")
        model = _model(name.strip(), rest.split())
        if models.setdefault(model.card.version.value, model) is not model:
            raise InvalidValue(f"{name.strip()!r} is named twice")
    return models


class _Words:
    """The content of a declaration's words.

    Raises:
        InvalidValue: a word is invalid.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.honoured: dict[str, NumberRange | None] = {}
        self.fields: dict[str, str] = {}
        self.size: tuple[str, ...] = ("size",)
        self.also: dict[str, Any] = {}
        self.without: set[str] = set()
        self.is_gpt_image = self.seed_told = False
        self._words = list(words)
        self.reads = read_markup(self._words)
        for word in self._words:
            self._read(word)

    def _read(self, word: str) -> None:
        left, equals, value = word.partition("=")
        known, _, called = left.partition(":")
        if word == _GPT_IMAGE:
            self.is_gpt_image = True
        elif found := _SIZE_FIELDS.fullmatch(word):
            self.size = tuple(name for name in found.groups() if name)
        elif known in HONOURABLE:
            self.honoured |= [read_honoured(f"{known}{equals}{value}")]
            self.seed_told = self.seed_told or f"{known}{equals}{value}" == SEED_TOLD
            if called:
                self.fields[known] = read_input(called, word)
        elif left == "kind":
            raise InvalidValue(f"{word!r} must be {_GPT_IMAGE}")
        elif left == "markup":
            pass  # read by `read_markup`
        elif equals and left in _ORDERED:
            raise InvalidValue(f"{word!r} cannot be set for all orders")
        elif equals and value:
            self.also[read_input(left, word)] = read_value(value)
        elif equals:
            self.without.add(read_input(left, word))
        else:
            raise InvalidValue(
                f"{word!r} must be a field that the model honours, as in {EXAMPLE}, or one like watermark=false"
            )


def _model(name: str, words: Sequence[str]) -> OpenAIModel:
    drawn = [word for word in words[:1] if _SIZES.match(word)]
    told = _Words(words[len(drawn) :])
    called = str(told.also.pop("model", name))
    family = called.rpartition("/")[2]  # gateways may prefix the provider's name
    is_gpt_image = told.is_gpt_image or family.startswith("gpt-image-")
    if is_gpt_image and told.honoured:
        raise InvalidValue(f"{name!r} honours no {', '.join(told.honoured)}")
    ratios = RatioTable.read(drawn[0]) if drawn and ":" in drawn[0] else None
    sizes = ratios.sizes if ratios else read_sizes(drawn[0]) if drawn else _known_sizes(name, family)
    card = ModelCard(
        version=ModelVersion(name),
        generator="openai",
        width=sizes.side,
        height=sizes.side,
        sizes=sizes.listed,
        prompt_max=Prompt.MAX_LENGTH,
        media_type=MediaType.PNG,
        samples_max=1,
        seed_told=told.seed_told,
        reads=told.reads,
        **honouring(told.honoured),
    )
    return OpenAIModel(
        card=card,
        name=called,
        is_gpt_image=is_gpt_image,
        fields=told.fields,
        size=told.size,
        ratios=ratios,
        also=told.also,
        without=frozenset(told.without),
    )


def _known_sizes(name: str, family: str) -> Sizes:
    if family.startswith("gpt-image-1"):
        return _THREE
    if family.startswith("gpt-image-2"):
        return _ANY
    raise InvalidValue(f"{name!r} must say what it draws, as in {name}={EXAMPLE}")
