"""The promises hold in every simulated story. `python -m simulation SEED` repeats a story that breaks one."""

import logging
from collections.abc import Iterator

import pytest

from simulation.story import simulate


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Do not log tens of thousands of simulated faults."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def broken(seeds: range) -> dict[int, str]:
    promises = {}
    for seed in seeds:
        try:
            simulate(seed)
        except AssertionError as promise:
            promises[seed] = str(promise)
    return promises


@pytest.mark.timeout(600)  # the stories keep a core busy, and coverage doubles the time
@pytest.mark.parametrize(
    "first", [0, *(pytest.param(first, marks=pytest.mark.thorough) for first in range(200, 1_000, 200))]
)
def test_promises_hold_in_a_thousand_stories(first: int) -> None:
    assert broken(range(first, first + 200)) == {}


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_promises_hold_in_ten_thousand_stories() -> None:
    assert broken(range(1_000, 11_000)) == {}


@pytest.mark.parametrize("seed", range(10))
def test_a_story_repeats_from_its_seed(seed: int) -> None:
    assert simulate(seed) == simulate(seed)
