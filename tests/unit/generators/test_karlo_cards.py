from __future__ import annotations

import pytest

from darkroom.adapters.generators.karlo.cards import karlo_cards
from darkroom.domain.model.errors import InvalidRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import HONOURABLE
from darkroom.domain.model.order import read_order

CARDS = {card.version.value: card for card in karlo_cards(MediaType.WEBP)}


def order(version: str, **fields: object) -> dict[str, object]:
    return {"version": version, "prompt": "a fox", "width": 384, "height": 384, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        order("v2.0", prompt="x" * 256, negative_prompt="x" * 256, width=640, height=640),
        order("v2.1", prompt="x" * 2048, negative_prompt="x" * 2048, width=1280, height=1280),
        order("v2.1", width=392, height=1272, samples=8),
        order("v2.0", seed=[0, 2**32 - 1], num_inference_steps=10, guidance_scale=1),
        order("v2.1", num_inference_steps=100, guidance_scale=20.0),
    ],
)
def test_orders_within_karlos_limits_are_accepted(fields: dict[str, object]) -> None:
    assert read_order(fields, CARDS).version.value == fields["version"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        (order("v2.0", prompt="x" * 257), "/prompt"),
        (order("v2.1", prompt="x" * 2049), "/prompt"),
        (order("v2.0", negative_prompt="x" * 257), "/negative_prompt"),
        (order("v2.0", width=648), "/width"),
        (order("v2.1", height=1288), "/height"),
        (order("v2.1", height=376), "/height"),
        (order("v2.1", width=1000 + 4), "/width"),
    ],
)
def test_orders_beyond_karlos_limits_are_refused(fields: dict[str, object], pointer: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        read_order(fields, CARDS)

    assert [violation.pointer for violation in raised.value.violations] == [pointer]


def test_every_parameter_is_honoured_with_karlos_defaults() -> None:
    for card in CARDS.values():
        assert card.honours == HONOURABLE
        assert card.num_inference_steps is not None
        assert card.guidance_scale is not None
        assert (card.num_inference_steps.default, card.guidance_scale.default) == (50, 5.0)
