"""Whatever the simulator of the Gemini API can do wrong: what it is called, and what is said of the money."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.domain.model.errors import Charged, PromptRejected
from integration.generators.gemini_provider import GeminiProvider, gemini_provider
from integration.generators.one_call_an_image import TOLD as TOLD_OF_ALL
from integration.generators.one_call_an_image import tell
from integration.generators.test_karlo_faults import ALL, REFUSED, UNAVAILABLE, UNKNOWN, UNUSABLE, Told, each
from simulators.gemini import gemini_simulator
from simulators.gemini.faults import BLOCK_REASONS, WITHHELD_REASONS, named

NOT_HERE: Final = ("link-", "fetch-")  # it links to nothing
MENU: Final = [name for name in gemini_simulator().faults.menu if not name.startswith(NOT_HERE)]
FREE: Final = Told(PromptRejected, Charged.NO)
TOLD: Final = {name: told for name, told in TOLD_OF_ALL.items() if not name.startswith(NOT_HERE)} | dict(
    (
        # All pixels of a PNG are there without its end.
        *each(ALL, "image-without-its-end"),
        *each(REFUSED, "error-wrong-key", "error-permission", "error-unauthenticated", "error-invalid-argument"),
        *each(REFUSED, "error-precondition", "error-model-not-found"),
        # Google charges for neither of them, and says so of no other status from 500 on.
        *each(UNAVAILABLE, "error-internal", "error-rate-limit", "error-day-quota"),
        *each(UNKNOWN, "error-overloaded-before-charge", "error-overloaded-after-charge"),
        *each(UNKNOWN, "error-deadline-before-charge", "error-deadline-after-charge"),
        *each(UNKNOWN, "error-of-other-code-before-charge", "error-of-other-code-after-charge"),
        *each(FREE, *(f"blocked-{named(reason)}" for reason in BLOCK_REASONS)),
        *each(FREE, *(f"withheld-{named(reason)}" for reason in WITHHELD_REASONS), "withheld-uncounted"),
        *each(
            Told(PromptRejected, Charged.UNKNOWN),
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


async def told_as_it_is(provider: GeminiProvider, fault: str) -> None:
    async with provider.opened() as generator, provider.opened(patience=2.0) as impatient:
        await tell(provider.simulator, generator, impatient, fault, TOLD[fault])


def test_every_fault_of_the_menu_is_expected_here() -> None:
    assert set(TOLD) == set(MENU)


@pytest.mark.parametrize("fault", ONE_OF_EACH_KIND)
async def test_one_fault_of_each_kind_is_called_what_it_is(provider: GeminiProvider, fault: str) -> None:
    await told_as_it_is(provider, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", MENU)
async def test_a_fault_is_called_what_it_is_and_paid_once(provider: GeminiProvider, fault: str) -> None:
    await told_as_it_is(provider, fault)
