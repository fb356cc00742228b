"""The expected outcomes of the faults that all providers share, for generators that make one call per sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pytest

from darkroom.adapters.conformance import draw, plain_request
from darkroom.domain.ports import ImageGenerator
from integration.generators.test_karlo_faults import ALL, UNUSABLE, Outcome
from integration.generators.test_karlo_faults import OUTCOMES as KARLO_OUTCOMES
from simulators.faults import SHARED_MENU
from simulators.provider import ProviderSimulator

SAMPLES: Final = 3

OUTCOMES: Final[Mapping[str, Outcome]] = {
    **{fault.name: KARLO_OUTCOMES[fault.name] for fault in SHARED_MENU},
    # An answer lists one image: without its last image the list is empty, and images beyond the first are ignored.
    "images-too-few": UNUSABLE,
    "images-duplicated": ALL,
}

_SHARED: Final = frozenset(fault.name for fault in SHARED_MENU)


def menu(names: Iterable[str]) -> list[object]:
    """The faults of a provider as parameters; those that all providers share are marked `long`.

    The shared faults are all tested with Karlo, whose generator makes its calls with the same code, and
    `ProviderContract` tests one of them for each situation.
    """
    return [pytest.param(name, marks=pytest.mark.long if name in _SHARED else ()) for name in names]


async def check_fault(
    simulator: ProviderSimulator, generator: ImageGenerator, impatient: ImageGenerator, fault: str, expected: Outcome
) -> None:
    """Set a fault for every call; check the outcome, and that each sample was ordered once."""
    asked = impatient if expected.late else generator
    simulator.faults.set(fault)
    images, failure = await draw(asked, plain_request(asked.cards[0], samples=SAMPLES))

    assert (type(failure), failure and failure.charged) == (
        expected.error or type(None),
        expected.error and expected.charged,
    )
    assert tuple(sorted(images)) == expected.images
    assert len(simulator.calls) == SAMPLES
    assert simulator.charged_images <= SAMPLES
