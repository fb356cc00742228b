"""The published schema of an order accepts exactly the orders that the service accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.domain.model.errors import InvalidRequest
from darkroom.domain.model.order import ORDER_FIELDS, read_order
from darkroom.domain.model.values import ModelVersion
from darkroom.entrypoints.http.contract.order_schema import order_schema
from integration.http.generators import KARLO_LIKE, WITHOUT_SEEDS
from integration.http.json_schema import Validator

ODD = replace(WIDEST_CARD, version=ModelVersion("odd"), seed_min=1, seed_max=2**31 - 1, samples_max=4, prompt_max=8)
CARDS = {card.version.value: card for card in (WIDEST_CARD, KARLO_LIKE, WITHOUT_SEEDS, ODD)}
SCHEMA = order_schema(CARDS.values())
VALIDATOR = Validator(SCHEMA)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", " ", "\n\t", "a\0", "\x85", "\u2028", "\x1c", "a" * 8, "a" * 9, "a" * 256, "a" * 257]
)
sides = st.sampled_from([15, 16, 256, 383, 384, 385, 392, 640, 648, 1000, 1024, 1792, 2048, 2049, 8192])
seeds = st.sampled_from([-1, 0, 1, 7, 2**31 - 1, 2**31, 2**32 - 1, 2**32])
anything: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | st.just([]) | st.just({})
)


def either(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly a value that may be valid, so that not every order is invalid."""
    return st.one_of(*[right] * 12, anything)


orders = st.fixed_dictionaries(
    {
        "version": either(st.sampled_from(sorted(CARDS))),
        "prompt": either(texts),
        "width": either(sides),
        "height": either(sides),
    },
    optional={
        "negative_prompt": either(texts | st.none()),
        "seed": either(st.lists(either(seeds), max_size=9)),
        "num_inference_steps": either(st.integers(8, 102)),
        "guidance_scale": either(st.floats(0.5, 20.5) | st.integers(0, 21)),
        "samples": either(st.integers(0, 9)),
        "nothing_of_ours": st.none(),
    },
)


def is_accepted(order: dict[str, Any]) -> bool:
    try:
        read_order(order, CARDS)
    except InvalidRequest:
        return False
    return True


@given(orders)
def test_the_schema_accepts_what_the_service_accepts(order: dict[str, Any]) -> None:
    assert VALIDATOR.valid(order, SCHEMA) == is_accepted(order)


@given(st.sampled_from(SCHEMA["anyOf"]), st.data())
def test_the_schema_agrees_with_the_service_on_almost_valid_orders(schema: dict[str, Any], data: st.DataObject) -> None:
    order = dict(schema["examples"][0])
    changed = data.draw(st.sampled_from([*ORDER_FIELDS, "nothing_of_ours"]))
    order[changed] = data.draw({"seed": st.lists(seeds, max_size=9)}.get(changed, anything) | anything | sides)
    assert VALIDATOR.valid(order, SCHEMA) == is_accepted(order)


def test_each_example_is_a_valid_order() -> None:
    assert [is_accepted(order["examples"][0]) for order in SCHEMA["anyOf"]] == [True] * len(CARDS)
