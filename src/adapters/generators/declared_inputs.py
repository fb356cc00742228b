"""Models with differing inputs, which the operator declares: reads the declarations and builds inputs from them."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom.adapters.generators.declared_models import EXAMPLE, honouring, read_honoured, read_sizes
from darkroom.adapters.generators.ratios import RatioTable
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import HONOURABLE, ModelCard, NumberRange
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt

_INPUT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEDIA_TYPES: Final = {"png": MediaType.PNG, "jpg": MediaType.JPEG, "jpeg": MediaType.JPEG, "webp": MediaType.WEBP}


def in_pixels(size: ImageSize) -> Mapping[str, Any]:
    """Return a size as the inputs `width` and `height`, as most models take it."""
    return {"width": size.width, "height": size.height}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How the models of one provider are named, and which inputs they take.

    `names` matches the names of its models, and `example` is one of them. `media_type` is the default without
    `output_format`. `tier` is the input for a resolution such as `2K`, None if models have none. `size` returns the
    inputs for a size that is not ordered by a ratio.
    """

    generator: str
    names: re.Pattern[str]
    example: str
    media_type: MediaType
    tier: str | None = None
    size: Callable[[ImageSize], Mapping[str, Any]] = in_pixels


@dataclass(frozen=True, slots=True)
class DeclaredModel:
    """A declared model; `name` is the provider's.

    `inputs` maps each field that the model honours to the name of its input. `ratios`, if not None, maps sizes to
    values of the input `aspect_ratio`. `also` are constant inputs of every call.
    """

    card: ModelCard
    name: str
    wording: Wording
    inputs: Mapping[str, str]
    ratios: RatioTable | None = None
    also: Mapping[str, Any] = field(default_factory=dict)

    def inputs_for(self, request: GenerationRequest) -> dict[str, Any]:
        """Return the inputs for a request: the given parameters under the model's names, without defaults.

        Raises:
            GeneratorRefused: the model is not offered in this size any more.
        """
        given = ({"seed": request.seeds[0].value} if request.seeds else {}) | request.parameters.given
        inputs: dict[str, Any] = {**self.also, "prompt": request.prompt.value, **self._size(request.size)}
        return inputs | {self.inputs[name]: value for name, value in given.items()}

    def _size(self, size: ImageSize) -> Mapping[str, Any]:
        if self.ratios is None:
            return self.wording.size(size)
        shape = self.ratios.shape(size)
        return {"aspect_ratio": shape.ratio} | (
            {self.wording.tier: shape.tier} if self.wording.tier and shape.tier else {}
        )


def parse_declared(entries: Iterable[str], wording: Wording) -> dict[str, DeclaredModel]:
    """Read the operator's list of `version=name SIZES WORDS`; return the models by version.

    SIZES is in the form of `read_sizes` or `RatioTable.read`. Each of the WORDS is a field that the model honours, in
    the form of `read_honoured`, or as `guidance_scale:guidance=3.5` if its input has another name. Any other
    `input=value`, such as `output_format=png`, is sent with every call.

    Raises:
        InvalidValue: an entry is invalid, or a version is named twice.
    """
    models: dict[str, DeclaredModel] = {}
    for entry in entries:
        version, _, rest = entry.partition("=")
        model = _model(version.strip(), rest.split(), wording)
        if models.setdefault(model.card.version.value, model) is not model:
            raise InvalidValue(f"{version.strip()!r} is named twice")
    return models


def _model(version: str, words: Sequence[str], wording: Wording) -> DeclaredModel:
    if len(words) < 2 or not wording.names.fullmatch(words[0]):  # noqa: PLR2004  # a name and its sizes
        raise InvalidValue(
            f"{version!r} must name the model that draws and what it draws, as in {version}={wording.example} {EXAMPLE}"
        )
    ratios = _read_ratios(words[1], wording) if "=" in words[1] else None
    sizes = ratios.sizes if ratios else read_sizes(words[1])
    honoured: dict[str, NumberRange | None] = {}
    inputs: dict[str, str] = {}
    also: dict[str, Any] = {}
    for word in words[2:]:
        left, equals, value = word.partition("=")
        known, _, called = left.partition(":")
        if known in HONOURABLE:
            honoured |= [read_honoured(f"{known}{equals}{value}")]
            inputs[known] = read_input(called or known, word)
        elif equals:
            also[read_input(left, word)] = read_value(value)
        else:
            raise InvalidValue(
                f"{word!r} must be a field that the model honours, or an input such as output_format=png"
            )
    card = ModelCard(
        version=ModelVersion(version),
        generator=wording.generator,
        width=sizes.side,
        height=sizes.side,
        sizes=sizes.listed,
        prompt_max=Prompt.MAX_LENGTH,
        media_type=_MEDIA_TYPES.get(str(also.get("output_format")), wording.media_type),
        samples_max=1,
        seed_told=any(word.startswith("seed") and word.endswith("=told") for word in words[2:]),
        **honouring(honoured),
    )
    return DeclaredModel(card, words[0], wording, inputs, ratios, also)


def _read_ratios(text: str, wording: Wording) -> RatioTable:
    ratios = RatioTable.read(text)
    if wording.tier is None and any(shape.tier for shape in ratios.shapes.values()):
        raise InvalidValue(f"{text!r} names tiers of resolution, which the input aspect_ratio does not have")
    return ratios


def read_input(name: str, word: str) -> str:
    """Return `name`, which is part of `word`, if it can be the name of an input.

    Raises:
        InvalidValue: it cannot.
    """
    if not _INPUT.fullmatch(name):
        raise InvalidValue(f"{word!r} must name an input of the model")
    return name


def read_value(text: str) -> object:
    """Return a JSON number, `true` or `false` as its value, anything else as the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text
