"""Every fault of the simulator of the Gemini API: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.domain.model.errors import Charged, PromptRejected
from integration.generators.gemini_provider import GeminiProvider, gemini_provider
from integration.generators.one_call_an_image import OUTCOMES as SHARED_OUTCOMES
from integration.generators.one_call_an_image import check_fault
from integration.generators.test_karlo_faults import ALL, REFUSED, UNAVAILABLE, UNKNOWN, UNUSABLE, Outcome, each
from simulators.gemini import gemini_simulator
from simulators.gemini.faults import BLOCK_REASONS, WITHHELD_REASONS, named

NOT_HERE: Final = ("link-", "fetch-")  # it sends no links
MENU: Final = [name for name in gemini_simulator().faults.menu if not name.startswith(NOT_HERE)]
FREE: Final = Outcome(PromptRejected, Charged.NO)
OUTCOMES: Final = {name: outcome for name, outcome in SHARED_OUTCOMES.items() if not name.startswith(NOT_HERE)} | dict(
    (
        # A PNG without its end still has all of its pixels.
        *each(ALL, "image-without-its-end"),
        *each(REFUSED, "error-wrong-key", "error-permission", "error-unauthenticated", "error-invalid-argument"),
        *each(REFUSED, "error-precondition", "error-model-not-found"),
        # Google documents that these are not charged; of other statuses from 500 on it says nothing.
        *each(UNAVAILABLE, "error-internal", "error-rate-limit", "error-day-quota"),
        *each(UNKNOWN, "error-overloaded-before-charge", "error-overloaded-after-charge"),
        *each(UNKNOWN, "error-deadline-before-charge", "error-deadline-after-charge"),
        *each(UNKNOWN, "error-of-other-code-before-charge", "error-of-other-code-after-charge"),
        *each(FREE, *(f"blocked-{named(reason)}" for reason in BLOCK_REASONS)),
        *each(FREE, *(f"withheld-{named(reason)}" for reason in WITHHELD_REASONS), "withheld-uncounted"),
        *each(
            Outcome(PromptRejected, Charged.UNKNOWN),
            "withheld-and-counted-before-charge",
            "withheld-and-counted-after-charge",
        ),
        *each(UNKNOWN, "withheld-oddly-before-charge", "withheld-oddly-after-charge"),
        *each(UNUSABLE, "talked", "talked-no-image", "thought-too-long", "only-thought", "finish-reason-missing"),
        *each(UNUSABLE, "candidates-null", "candidates-of-text", "content-null"),
        *each(ALL, "thinking-first", "thinking-last", "another-first", "image-as-jpeg"),
    )
)
ONE_OF_EACH_KIND: Final = (
    "error-internal",
    "error-overloaded-after-charge",
    "error-day-quota",
    "blocked-other",
    "withheld-image-recitation",
    "withheld-and-counted-after-charge",
    "withheld-oddly-before-charge",
    "talked",
    "only-thought",
    "content-null",
    "close-after-charge",
    "answer-truncated",
    "image-without-its-end",
)


@pytest.fixture
async def provider() -> AsyncIterator[GeminiProvider]:
    async with gemini_provider() as running:
        yield running


async def check_one(provider: GeminiProvider, fault: str) -> None:
    async with provider.opened() as generator, provider.opened(patience=2.0) as impatient:
        await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize("fault", ONE_OF_EACH_KIND)
async def test_one_fault_of_each_kind_has_the_expected_outcome(provider: GeminiProvider, fault: str) -> None:
    await check_one(provider, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", MENU)
async def test_a_fault_has_the_expected_outcome_and_is_paid_once(provider: GeminiProvider, fault: str) -> None:
    await check_one(provider, fault)
