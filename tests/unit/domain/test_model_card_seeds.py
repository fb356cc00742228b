"""Models that accept only some seeds."""

from dataclasses import replace

import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.domain.model.errors import InvalidRequest
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.order import read_order
from darkroom.domain.model.values import Seed

CARD = replace(WIDEST_CARD, seed_min=1, seed_max=2**32 - 2)
ORDER = {"version": "memory", "prompt": "a lighthouse", "width": 64, "height": 64}


def test_a_seed_that_the_model_does_not_accept_is_refused_with_its_pointer() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_order({**ORDER, "seed": [1, 0, 2**32 - 2, 2**32 - 1]}, {"memory": CARD})

    violations = [(violation.pointer, violation.detail) for violation in refused.value.violations]
    rule = "must be an integer from 1 to 4294967294 for memory"
    assert violations == [("/seed/1", rule), ("/seed/3", rule)]


def test_a_model_without_seeds_reports_one_violation_for_the_whole_field() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_order({**ORDER, "seed": [0]}, {"memory": replace(CARD, seed=False)})

    assert [violation.pointer for violation in refused.value.violations] == ["/seed"]


def test_seeds_drawn_by_darkroom_are_in_the_range_of_the_model() -> None:
    chance = iter([Seed(0), Seed(2**32 - 1), Seed(5), Seed(5), Seed(6)])
    order = read_order({**ORDER, "samples": 2}, {"memory": CARD})

    assert GenerationRequest.settle(order, CARD, lambda: next(chance)).seeds == (Seed(5), Seed(6))


def test_random_seeds_are_distinct_in_a_narrow_range_too() -> None:
    narrow = replace(CARD, seed_min=7, seed_max=14)
    order = read_order({**ORDER, "samples": 8}, {"memory": narrow})

    assert sorted(seed.value for seed in GenerationRequest.settle(order, narrow).seeds) == list(range(7, 15))


@pytest.mark.parametrize(("low", "high"), [(-1, 50), (5, 4), (5, 11), (0, 2**32)])
def test_a_card_is_refused_if_its_seed_range_is_invalid_or_too_narrow(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="allows what no order may hold"):
        replace(WIDEST_CARD, seed_min=low, seed_max=high)
