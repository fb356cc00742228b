"""What the faults that all providers share are called, where each sample is a call of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pytest

from darkroom.adapters.conformance import draw, plain_request
from darkroom.domain.ports import ImageGenerator
from integration.generators.test_karlo_faults import ALL, UNUSABLE, Told
from integration.generators.test_karlo_faults import TOLD as TOLD_OF_KARLO
from simulators.faults import SHARED_MENU
from simulators.provider import ProviderSimulator

SAMPLES: Final = 3

TOLD: Final[Mapping[str, Told]] = {
    **{fault.name: TOLD_OF_KARLO[fault.name] for fault in SHARED_MENU},
    # The list of images has one in it: without the last it is empty, and others than the first say nothing.
    "images-too-few": UNUSABLE,
    "images-duplicated": ALL,
}

_SHARED: Final = frozenset(fault.name for fault in SHARED_MENU)


def menu(names: Iterable[str]) -> list[object]:
    """The faults of a provider, of which the shared ones are long.

    All of those are tried at Karlo, whose generator has the same calls under it, and one for each situation is tried by
    the rules for generators (`ProviderContract`).
    """
    return [pytest.param(name, marks=pytest.mark.long if name in _SHARED else ()) for name in names]


async def tell(
    simulator: ProviderSimulator, generator: ImageGenerator, impatient: ImageGenerator, fault: str, told: Told
) -> None:
    """Bring a fault about in every call, and look at what is told, and that each sample was asked for once."""
    asked = impatient if told.late else generator
    simulator.faults.set(fault)
    images, failure = await draw(asked, plain_request(asked.cards[0], samples=SAMPLES))

    assert (type(failure), failure and failure.charged) == (told.error or type(None), told.error and told.charged)
    assert tuple(sorted(images)) == told.images
    assert len(simulator.calls) == SAMPLES
    assert simulator.charged_images <= SAMPLES
