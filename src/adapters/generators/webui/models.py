"""The web UI's models: a version for each checkpoint that the operator names."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from darkroom.adapters.generators.declared_models import SEED_TOLD, read_honoured, read_markup
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, NumberRange, PixelRange
from darkroom.domain.model.parameters import NUMBERS
from darkroom.domain.model.values import ModelVersion, Prompt

_SIDE: Final = PixelRange(64, 2048, step=8)
_WORD: Final = re.compile(
    r"\s+(markup=\S*|step=[1-9][0-9]{0,3}|seed=(?:sent|told)|(?:num_inference_steps|guidance_scale)=\S+)$"
)
# The ranges and defaults of the web UI.
_STEPS: Final = NumberRange(1, 150, default=50)
_GUIDANCE: Final = NumberRange(0.0, 30.0, default=7.0)


@dataclass(frozen=True, slots=True)
class WebUIModel:
    """A model; `checkpoint` is its name on the server, None for the one that is loaded there."""

    card: ModelCard
    checkpoint: str | None

    @property
    def steps(self) -> int:
        """The number of steps of an order that gives none."""
        return int((self.card.num_inference_steps or _STEPS).default)


def parse_models(entries: Iterable[str]) -> dict[str, WebUIModel]:
    """Read the operator's list of `version=checkpoint`, or `version` for the loaded one; return models by version.

    Words may follow a checkpoint, whose name may contain blanks. `markup=lora` permits prompts that load networks;
    `step=64` is for a server whose sides are multiples of 64; `seed=told` for one whose seeds count only if reported.
    `num_inference_steps=20` and `guidance_scale=1(0-10)`, in the form of `read_honoured`, are for one with other
    defaults or ranges than the web UI.

    Raises:
        InvalidValue: an entry is invalid, or a version is named twice.
    """
    models: dict[str, WebUIModel] = {}
    for entry in entries:
        named, words = _words_apart(entry.strip())
        version, equals, checkpoint = (part.strip() for part in named.partition("="))
        if equals and not checkpoint:
            raise InvalidValue(f"{version!r} must name a checkpoint after the equals sign")
        if version in models:
            raise InvalidValue(f"{version!r} is named twice")
        models[version] = WebUIModel(_card(version, words), checkpoint or None)
    return models


def _words_apart(entry: str) -> tuple[str, list[str]]:
    """Split an entry into the part before its words, and the words."""
    words: list[str] = []
    while (found := _WORD.search(entry)) is not None:
        entry, words = entry[: found.start()], [found[1], *words]
    return entry, words


def _card(version: str, words: Sequence[str]) -> ModelCard:
    steps = [int(word.removeprefix("step=")) for word in words if word.startswith("step=")]
    side = replace(_SIDE, step=steps[-1]) if steps else _SIDE
    numbers = dict(read_honoured(word) for word in words if word.partition("=")[0] in NUMBERS)
    return ModelCard(
        version=ModelVersion(version),
        generator="webui",
        width=side,
        height=side,
        prompt_max=Prompt.MAX_LENGTH,  # the web UI reads any number of chunks of 75 tokens
        media_type=MediaType.PNG,
        samples_max=1,
        seed_told=SEED_TOLD in words,
        reads=read_markup(words),
        num_inference_steps=numbers.get("num_inference_steps", _STEPS),
        guidance_scale=numbers.get("guidance_scale", _GUIDANCE),
    )
