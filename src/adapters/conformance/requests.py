"""A minimal and a full request that a model card allows."""

from dataclasses import replace
from typing import Final

from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.model_card import ModelCard, NumberRange, PixelRange
from darkroom.domain.model.parameters import NUMBERS, TEXTS, Parameters
from darkroom.domain.model.values import ImageSize, Prompt, Seed

PROMPT: Final = 'A "quoted" fox, 50 % {of} it\\in\tfog;\n한국의 여우 🦊'
NEGATIVE_PROMPT: Final = "<b>blurry</b> & 'dark'"


def plain_request(card: ModelCard, *, samples: int = 1, first_seed: int = 2**31) -> GenerationRequest:
    """Return a request with required parameters only.

    Seeds are consecutive from `first_seed`, wrapping around within the card's range.
    """
    count = card.seed_max - card.seed_min + 1
    seeds = tuple(Seed(card.seed_min + (first_seed + number - card.seed_min) % count) for number in range(samples))
    size = card.sizes[0] if card.sizes else ImageSize(_smallest(card.width), _smallest(card.height))
    return GenerationRequest(
        version=card.version,
        prompt=Prompt(PROMPT),
        size=size,
        samples=samples,
        seeds=seeds if card.seed else (),
    )


def full_request(card: ModelCard, *, samples: int = 1) -> GenerationRequest:
    """Return a request with all parameters of the card, with distinct values that differ from the defaults."""
    request = plain_request(card, samples=samples, first_seed=card.seed_max + 1 - samples)
    if card.sizes is None and _smallest(card.width) + card.width.step in card.width:
        request = replace(request, size=ImageSize(_smallest(card.width) + card.width.step, request.size.height))
    told: dict[str, object] = {name: NEGATIVE_PROMPT for name in TEXTS if name in card.honours}
    for name, number in NUMBERS.items():
        if name in card.honours:
            taken: NumberRange = getattr(card, name)
            whole = isinstance(number.MIN, int)
            told[name] = int(taken.min) + 3 if whole else (taken.min + taken.max) / 2 + 0.25
    return replace(request, parameters=Parameters.of(**told))


def _smallest(side: PixelRange) -> int:
    return -(-side.min // side.step) * side.step
