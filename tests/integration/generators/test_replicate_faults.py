"""Every fault of the simulator of Replicate: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.domain.model.errors import Charged
from darkroom.domain.ports import ImageGenerator
from integration.generators.asking import OUTCOMES as SHARED_OUTCOMES
from integration.generators.one_call_an_image import check_fault
from integration.generators.replicate_provider import ReplicateProvider, replicate_provider
from integration.generators.test_karlo_faults import (
    ALL,
    REFUSED,
    REJECTED,
    UNAVAILABLE,
    UNKNOWN,
    UNKNOWN_LATE,
    UNUSABLE,
    Outcome,
    each,
)
from simulators.replicate import replicate_simulator

MENU: Final = list(replicate_simulator().faults.menu)
OUTCOMES: Final = dict(SHARED_OUTCOMES) | dict(
    (
        # A PNG without its end still has all of its pixels.
        *each(ALL, "image-without-its-end"),
        *each(REFUSED, "error-unauthenticated", "error-no-credit", "error-not-found", "error-no-such-version"),
        *each(REFUSED, "error-invalid-input"),
        *each(ALL, "created-elsewhere"),  # a prediction is polled by its id
        *each(UNAVAILABLE, "error-throttled", "aborted"),
        *each(UNUSABLE, "created-without-id", "created-with-number", "created-with-path"),
        *each(UNUSABLE, "canceled", "data-removed"),
        *each(UNUSABLE, "output-null", "output-object", "output-of-numbers", "output-huge"),
        *each(UNKNOWN, "canceled-before-it-began"),
        *each(UNKNOWN_LATE, "never-begins"),
        *each(UNKNOWN, "failed", "failed-silently"),
        *each(Outcome(REJECTED.error, Charged.UNKNOWN), "failed-nsfw", "failed-sensitive"),
    )
)
REPRESENTATIVE: Final = (
    *("error-no-credit", "created-with-path", "close-after-charge", "server-error-html-before-charge"),
    *("answer-garbage", "failed", "failed-nsfw", "aborted", "poll-404", "poll-html", "link-other-host", "image-html"),
)


@pytest.fixture
async def provider() -> AsyncIterator[ReplicateProvider]:
    async with replicate_provider() as running:
        yield running


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=() if fault in REPRESENTATIVE else pytest.mark.long) for fault in MENU]
)
async def test_a_fault_has_the_expected_outcome(
    provider: ReplicateProvider,
    generator: ImageGenerator,
    impatient: ImageGenerator,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FreeCalls, "TIMEOUT", 0.5)
    await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])
