"""Every fault of the simulator of fal: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.domain.model.errors import Charged
from darkroom.domain.ports import ImageGenerator
from integration.generators.asking import OUTCOMES as SHARED_OUTCOMES
from integration.generators.fal_provider import FalProvider, fal_provider
from integration.generators.one_call_an_image import check_fault
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
from simulators.fal import fal_simulator
from simulators.fal.faults import NOT_CHARGED

MENU: Final = list(fal_simulator().faults.menu)
OUTCOMES: Final = dict(SHARED_OUTCOMES) | dict(
    (
        *each(ALL, "image-without-its-end"),
        *each(REFUSED, "error-unauthenticated", "error-locked", "error-not-found"),
        *each(UNAVAILABLE, "error-throttled", *NOT_CHARGED),
        *each(UNUSABLE, "order-without-status-url", "order-with-number", "order-with-garbage", "order-elsewhere"),
        *each(UNKNOWN, "result-taken-back", "result-value-error", "result-missing-input", "result-gone"),
        *each(Outcome(REJECTED.error, Charged.UNKNOWN), "result-policy"),
        *each(REJECTED, "result-flagged"),
        *each(ALL, "result-single-image"),
        *each(UNUSABLE, "result-images-missing", "result-images-null", "result-images-object"),
        *each(UNUSABLE, "result-images-of-strings", "result-without-url", "result-url-huge"),
        *each(UNKNOWN_LATE, "result-ingress-page", "result-error-unexplained", "result-html"),
    )
)
REPRESENTATIVE: Final = (
    *("error-locked", "order-elsewhere", "close-after-charge", "server-error-html-before-charge", "answer-garbage"),
    *("result-runner-server-error", "result-policy", "result-flagged", "result-ingress-page", "poll-404"),
    *("link-other-host", "image-html"),
)


@pytest.fixture
async def provider() -> AsyncIterator[FalProvider]:
    async with fal_provider() as running:
        yield running


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=() if fault in REPRESENTATIVE else pytest.mark.long) for fault in MENU]
)
async def test_a_fault_has_the_expected_outcome(
    provider: FalProvider,
    generator: ImageGenerator,
    impatient: ImageGenerator,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FreeCalls, "TIMEOUT", 0.5)
    await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])
