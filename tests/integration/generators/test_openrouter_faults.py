"""Every fault of OpenRouter's simulator: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from darkroom.domain.model.errors import Charged, PromptRejected
from integration.generators.one_call_an_image import OUTCOMES as SHARED_OUTCOMES
from integration.generators.one_call_an_image import check_fault
from integration.generators.openrouter_provider import OpenRouterProvider, openrouter_provider
from integration.generators.test_karlo_faults import ALL, REFUSED, UNAVAILABLE, UNKNOWN, UNUSABLE, Outcome, each
from simulators.openrouter import openrouter_simulator

NOT_HERE: Final = ("link-", "fetch-")  # it sends no links
MENU: Final = [name for name in openrouter_simulator().faults.menu if not name.startswith(NOT_HERE)]
TROUBLE: Final = ("timeout", "internal", "maker", "no-maker", "edge", "overloaded")
SIDES: Final = ("before", "after")
OUTCOMES: Final = {name: outcome for name, outcome in SHARED_OUTCOMES.items() if not name.startswith(NOT_HERE)} | dict(
    (
        *each(REFUSED, "error-wrong-key", "error-invalid", "error-no-credits", "error-permission", "error-not-found"),
        *each(REFUSED, "error-too-large", "error-string"),
        *each(UNAVAILABLE, "error-rate-limit", "within-free"),
        *each(Outcome(PromptRejected, Charged.NO), "error-moderation", "within-moderation-free"),
        # OpenRouter does not document for images that any of these costs nothing.
        *each(UNKNOWN, *(f"error-{name}-{side}-charge" for name in TROUBLE for side in SIDES)),
        *each(UNKNOWN, *(f"within-unpriced-{side}-charge" for side in SIDES)),
        *each(Outcome(PromptRejected, Charged.UNKNOWN), *(f"within-moderation-{side}-charge" for side in SIDES)),
        *each(UNUSABLE, "within-paid", "data-missing", "data-null", "data-of-strings", "image-svg-drawn"),
        *each(ALL, "error-beside-the-image", "usage-missing", "cost-null", "image-clamped"),
        # A PNG without its end still has all of its pixels.
        *each(ALL, "image-without-its-end"),
        # The declared media type is ignored; the bytes are those of an image.
        *each(ALL, "media-type-svg", "media-type-null"),
    )
)
ONE_OF_EACH_KIND: Final = (
    "error-no-credits",
    "error-permission",
    "error-moderation",
    "error-maker-after-charge",
    "error-no-maker-before-charge",
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


async def check_one(provider: OpenRouterProvider, folder: Path, fault: str) -> None:
    async with provider.opened(folder) as generator, provider.opened(folder, patience=2.0) as impatient:
        await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize("fault", ONE_OF_EACH_KIND)
async def test_one_fault_of_each_kind_has_the_expected_outcome(
    provider: OpenRouterProvider, tmp_path: Path, fault: str
) -> None:
    await check_one(provider, tmp_path, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", MENU)
async def test_a_fault_has_the_expected_outcome_and_is_paid_once(
    provider: OpenRouterProvider, tmp_path: Path, fault: str
) -> None:
    await check_one(provider, tmp_path, fault)
