"""Gemini's image models and what each accepts. Names change monthly, so the operator lists them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom.adapters.generators.gemini.cost import TokenPrices
from darkroom.adapters.generators.ratios import TIERS, RatioTable
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.values import ModelVersion, Prompt, Seed

RATIOS: Final = ("1:1", "16:9", "9:16", "3:2", "2:3", "4:3", "3:4", "5:4", "4:5", "21:9")
"""The ratios that every image model accepts, according to Google's documentation."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]*")
_LARGEST_SEED: Final = 2**31 - 1
_EXAMPLE: Final = "gemini-3.1-flash-image=1K|2K seed tokens=0.5/3/60"


@dataclass(frozen=True, slots=True)
class GeminiModel:
    """A model; its card has Google's name for it.

    `ratios` maps sizes to what is ordered, and `prices` are the token prices, None if the operator gives none.
    """

    card: ModelCard
    ratios: RatioTable
    prices: TokenPrices | None = None


def parse_models(entries: Iterable[str]) -> dict[str, GeminiModel]:
    """Read the operator's list of `name=SIZES seed tokens=0.5/3/60`; return the models by version.

    A name alone offers ten ratios at `1K`. SIZES are tiers at which these ratios are offered, such as `1K|2K`, or
    ratios with sizes, such as `1:1=1024x1024|16:9@2K=2752x1536`. `seed` offers seeds. `tokens=` gives prices in the
    form of `TokenPrices.parse`, from which the cost of each answer is computed.

    Raises:
        InvalidValue: an entry is invalid, or a name is given twice.
    """
    models: dict[str, GeminiModel] = {}
    for entry in entries:
        name, _, rest = entry.partition("=")
        model = _model(name.strip(), rest.split())
        if models.setdefault(model.card.version.value, model) is not model:
            raise InvalidValue(f"{name.strip()!r} is named twice")
    return models


def _model(name: str, words: Sequence[str]) -> GeminiModel:
    if not _NAME.fullmatch(name):
        raise InvalidValue(f"{name!r} must be a model's name, as in {_EXAMPLE}")
    prices = [TokenPrices.parse(word.partition("=")[2]) for word in words if word.startswith("tokens=")]
    sizes = [word for word in words if word != "seed" and not word.startswith("tokens=")]
    if len(sizes) > 1 or len(prices) > 1:
        raise InvalidValue(
            f"{' '.join(words)!r} must be sizes, seed if it is to be offered, and prices, as in {_EXAMPLE}"
        )
    ratios = _ratios(sizes[0]) if sizes else RatioTable.of(RATIOS)
    card = ModelCard(
        version=ModelVersion(name),
        generator="gemini",
        width=ratios.sizes.side,
        height=ratios.sizes.side,
        sizes=ratios.sizes.listed,
        prompt_max=Prompt.MAX_LENGTH,
        media_type=MediaType.PNG,
        samples_max=1,
        negative_prompt=False,
        seed="seed" in words,
        seed_max=_LARGEST_SEED if "seed" in words else Seed.MAX,
    )
    return GeminiModel(card, ratios, next(iter(prices), None))


def _ratios(text: str) -> RatioTable:
    tiers = text.split("|")
    return RatioTable.of(RATIOS, dict.fromkeys(tiers)) if set(tiers) <= TIERS.keys() else RatioTable.read(text)
