"""Which models there are: what the operator declares of each, for inputs differ from one to the next."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom.adapters.generators.declared_models import EXAMPLE, read_honoured, read_sizes
from darkroom.adapters.generators.ratios import RatioTable
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import HONOURABLE, ModelCard, NumberRange
from darkroom.domain.model.values import ModelVersion, Prompt

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*(:[0-9a-f]{64})?|[0-9a-f]{64}")
_INPUT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEDIA_TYPES: Final = {"png": MediaType.PNG, "jpg": MediaType.JPEG, "jpeg": MediaType.JPEG, "webp": MediaType.WEBP}


@dataclass(frozen=True, slots=True)
class ReplicateModel:
    """A model under the name that Replicate knows it by: `owner/name` of an official one, else a version.

    `inputs` says which input each field that it honours goes into. `ratios`, if given, are what stands for a size in
    its input `aspect_ratio`. `also` are inputs that always go along.
    """

    card: ModelCard
    name: str
    inputs: Mapping[str, str]
    ratios: RatioTable | None = None
    also: Mapping[str, Any] = field(default_factory=dict)

    @property
    def official(self) -> bool:
        """Whether it is named without a version."""
        return "/" in self.name and ":" not in self.name


def parse_models(entries: Iterable[str]) -> dict[str, ReplicateModel]:
    """Read the operator's list, by version: `version=name SIZES WORDS`.

    Sizes are as `read_sizes` has them; `1:1=1024x1024|16:9=1344x768` names the ratio that stands for each. Words are
    fields that it honours, as `read_honoured` has them, and `guidance_scale:guidance=3.5` where the model calls its
    input otherwise; any other `input=value`, such as `output_format=png`, goes along with each call.

    Raises:
        InvalidValue: an entry cannot be read, or a version comes twice.
    """
    models: dict[str, ReplicateModel] = {}
    for entry in entries:
        version, _, rest = entry.partition("=")
        model = _model(version.strip(), rest.split())
        if models.setdefault(model.card.version.value, model) is not model:
            raise InvalidValue(f"{version.strip()!r} is named twice")
    return models


def _model(version: str, words: Sequence[str]) -> ReplicateModel:
    if len(words) < 2 or not _NAME.fullmatch(words[0]):  # noqa: PLR2004  # a name, and what it draws
        raise InvalidValue(f"{version!r} must say who draws and what, as in {version}=owner/name {EXAMPLE}")
    ratios = _read_ratios(words[1]) if "=" in words[1] else None
    sizes = ratios.sizes if ratios else read_sizes(words[1])
    honoured: dict[str, NumberRange | None] = {}
    inputs: dict[str, str] = {}
    also: dict[str, Any] = {}
    for word in words[2:]:
        left, equals, value = word.partition("=")
        known, _, called = left.partition(":")
        if known in HONOURABLE:
            honoured |= [read_honoured(f"{known}{equals}{value}")]
            inputs[known] = _input(called or known, word)
        elif equals:
            also[_input(left, word)] = _value(value)
        else:
            raise InvalidValue(f"{word!r} must be a field that it honours, or an input as output_format=png")
    card = ModelCard(
        version=ModelVersion(version),
        generator="replicate",
        width=sizes.side,
        height=sizes.side,
        sizes=sizes.listed,
        prompt_max=Prompt.MAX_LENGTH,
        media_type=_MEDIA_TYPES.get(str(also.get("output_format")), MediaType.PNG),
        samples_max=1,
        negative_prompt="negative_prompt" in honoured,
        seed="seed" in honoured,
        num_inference_steps=honoured.get("num_inference_steps"),
        guidance_scale=honoured.get("guidance_scale"),
    )
    return ReplicateModel(card, words[0], inputs, ratios, also)


def _read_ratios(text: str) -> RatioTable:
    ratios = RatioTable.read(text)
    if any(shape.tier for shape in ratios.shapes.values()):
        raise InvalidValue(f"{text!r} names tiers of resolution, which the input aspect_ratio does not have")
    return ratios


def _input(name: str, word: str) -> str:
    if not _INPUT.fullmatch(name):
        raise InvalidValue(f"{word!r} must name an input of the model")
    return name


def _value(text: str) -> object:
    """A number, `true` or `false` as such, anything else as text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text
