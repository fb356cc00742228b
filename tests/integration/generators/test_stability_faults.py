"""Every fault of Stability AI's simulator: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.domain.ports import ImageGenerator
from integration.generators.one_call_an_image import OUTCOMES as SHARED_OUTCOMES
from integration.generators.one_call_an_image import check_fault, menu
from integration.generators.stability_provider import StabilityProvider, stability_provider
from integration.generators.test_karlo_faults import (
    ALL,
    REFUSED,
    REJECTED,
    UNAVAILABLE,
    UNKNOWN,
    UNUSABLE,
    Outcome,
    each,
)
from integration.generators.test_stability import opened
from simulators.stability import stability_simulator

NOT_HERE: Final = ("link-", "fetch-")  # it sends no links
MENU: Final = [name for name in stability_simulator().faults.menu if not name.startswith(NOT_HERE)]
OUTCOMES: Final = {name: outcome for name, outcome in SHARED_OUTCOMES.items() if not name.startswith(NOT_HERE)} | dict(
    (
        *each(REFUSED, "error-bad-request", "error-unauthorized", "error-payment-required", "error-not-found"),
        *each(
            REFUSED, "error-payload-too-large", "error-unprocessable-entity", "error-forbidden", "error-without-name"
        ),
        *each(UNAVAILABLE, "error-rate-limit-exceeded"),
        ("error-content-moderation", Outcome(REJECTED.error)),
        *each(UNKNOWN, "error-internal-before-charge", "error-internal-after-charge"),
        *each(REJECTED, "content-filtered"),
        *each(UNUSABLE, "finished-oddly"),
        *each(ALL, "finish-reason-missing"),
    )
)


@pytest.fixture
async def provider() -> AsyncIterator[StabilityProvider]:
    async with stability_provider() as running:
        yield running


@pytest.fixture
async def generator(provider: StabilityProvider) -> AsyncIterator[ImageGenerator]:
    async with opened(provider, output_format="jpeg") as generator:
        yield generator


@pytest.fixture
async def impatient(provider: StabilityProvider) -> AsyncIterator[ImageGenerator]:
    async with opened(provider, output_format="jpeg", patience=1.0) as generator:
        yield generator


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize("fault", menu(MENU))
async def test_a_fault_has_the_expected_outcome_and_is_paid_once(
    generator: ImageGenerator, impatient: ImageGenerator, provider: StabilityProvider, fault: str
) -> None:
    await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])
