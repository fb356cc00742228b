"""Whatever OpenRouter's simulator can do wrong: what it is called, and what is said of the money."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from darkroom.domain.model.errors import Charged, PromptRejected
from integration.generators.one_call_an_image import TOLD as TOLD_OF_ALL
from integration.generators.one_call_an_image import tell
from integration.generators.openrouter_provider import OpenRouterProvider, openrouter_provider
from integration.generators.test_karlo_faults import ALL, REFUSED, UNAVAILABLE, UNKNOWN, UNUSABLE, Told, each
from simulators.openrouter import openrouter_simulator

NOT_HERE: Final = ("link-", "fetch-")  # it links to nothing
MENU: Final = [name for name in openrouter_simulator().faults.menu if not name.startswith(NOT_HERE)]
TROUBLE: Final = ("timeout", "internal", "maker", "nobody", "edge", "overloaded")
SIDES: Final = ("before", "after")
TOLD: Final = {name: told for name, told in TOLD_OF_ALL.items() if not name.startswith(NOT_HERE)} | dict(
    (
        *each(REFUSED, "error-wrong-key", "error-invalid", "error-no-credits", "error-permission", "error-not-found"),
        *each(REFUSED, "error-too-large", "error-string"),
        *each(UNAVAILABLE, "error-rate-limit", "within-free"),
        *each(Told(PromptRejected, Charged.NO), "error-moderation", "within-moderation-free"),
        # That it costs nothing is not documented for images, for none of them.
        *each(UNKNOWN, *(f"error-{name}-{side}-charge" for name in TROUBLE for side in SIDES)),
        *each(UNKNOWN, *(f"within-unpriced-{side}-charge" for side in SIDES)),
        *each(Told(PromptRejected, Charged.UNKNOWN), *(f"within-moderation-{side}-charge" for side in SIDES)),
        *each(UNUSABLE, "within-paid", "data-missing", "data-null", "data-of-strings", "image-svg-drawn"),
        *each(ALL, "error-beside-the-image", "usage-missing", "cost-null", "image-clamped"),
        # All pixels of a PNG are there without its end.
        *each(ALL, "image-without-its-end"),
        # What is said of a file is not believed: its bytes are a picture.
        *each(ALL, "media-type-svg", "media-type-null"),
    )
)
ONE_OF_EACH_KIND: Final = (
    "error-no-credits",
    "error-permission",
    "error-moderation",
    "error-maker-after-charge",
    "error-nobody-before-charge",
    "within-unpriced-after-charge",
    "within-free",
    "within-paid",
    "within-moderation-before-charge",
    "error-beside-the-image",
    "data-of-strings",
    "image-svg-drawn",
    "image-clamped",
    "close-after-charge",
    "answer-truncated",
)


@pytest.fixture
async def provider() -> AsyncIterator[OpenRouterProvider]:
    async with openrouter_provider() as running:
        yield running


async def told_as_it_is(provider: OpenRouterProvider, folder: Path, fault: str) -> None:
    async with provider.opened(folder) as generator, provider.opened(folder, patience=2.0) as impatient:
        await tell(provider.simulator, generator, impatient, fault, TOLD[fault])


def test_every_fault_of_the_menu_is_expected_here() -> None:
    assert set(TOLD) == set(MENU)


@pytest.mark.parametrize("fault", ONE_OF_EACH_KIND)
async def test_one_fault_of_each_kind_is_called_what_it_is(
    provider: OpenRouterProvider, tmp_path: Path, fault: str
) -> None:
    await told_as_it_is(provider, tmp_path, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", MENU)
async def test_a_fault_is_called_what_it_is_and_paid_once(
    provider: OpenRouterProvider, tmp_path: Path, fault: str
) -> None:
    await told_as_it_is(provider, tmp_path, fault)
