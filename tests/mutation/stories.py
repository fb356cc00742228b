"""A short simulation, for mutants; `tests/simulation` runs a thousand stories."""

from __future__ import annotations

import pytest

from simulation.story import simulate


@pytest.mark.parametrize("first", range(0, 80, 8))
def test_promises_hold(first: int) -> None:
    for seed in range(first, first + 8):
        simulate(seed)
