"""Every fault of the simulator of ComfyUI: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.domain.model.errors import Charged
from darkroom.domain.ports import ImageGenerator
from integration.generators.comfyui_provider import ComfyUIProvider, comfyui_provider
from integration.generators.one_call_an_image import OUTCOMES as SHARED_OUTCOMES
from integration.generators.one_call_an_image import check_fault
from integration.generators.test_karlo_faults import (
    ALL,
    REFUSED,
    REJECTED,
    UNAVAILABLE,
    UNKNOWN,
    UNKNOWN_LATE,
    UNUSABLE,
    UNUSABLE_LATE,
    Outcome,
    each,
)
from simulators.comfyui import comfyui_simulator

MENU: Final = list(comfyui_simulator().faults.menu)
ALL_LATE: Final = Outcome(None, images=(0, 1, 2), late=True)
OUTCOMES: Final = dict(SHARED_OUTCOMES) | dict(
    (
        *each(ALL, "image-without-its-end"),
        *each(REFUSED, "error-value-not-in-list", "error-no-outputs", "error-missing-node", "error-credentials"),
        *each(REFUSED, "node-errors"),
        # Our own machine charges nothing, and an order that did not arrive is not found there.
        *each(UNAVAILABLE, "failed", "failed-silently", "cancelled"),
        *each(Outcome(REJECTED.error, Charged.UNKNOWN), "moderated-by-a-partner"),
        *each(UNAVAILABLE, "reset-before-charge", "close-before-charge", "not-http-before-charge"),
        *each(UNAVAILABLE, "server-error-json-before-charge", "server-error-empty-before-charge"),
        *each(UNAVAILABLE, "server-error-html-before-charge", "redirect-before-charge", "redirect-elsewhere"),
        *each(UNAVAILABLE, "conflict-before-charge", "refused-in-a-success-before-charge"),
        *each(Outcome(UNAVAILABLE.error, late=True), "black-hole-before-charge"),
        # An answer may be lost: the order is found under the id that we chose.
        *each(ALL, "reset-after-charge", "close-after-charge", "not-http-after-charge", "huge-header"),
        *each(ALL, "server-error-json-after-charge", "server-error-empty-after-charge"),
        *each(ALL, "server-error-html-after-charge", "redirect-after-charge", "other-id"),
        *each(ALL, "conflict-after-charge", "refused-in-a-success-after-charge"),
        *each(ALL, "cut-short", "cut-chunked", "reset-midway", "oversized", "oversized-as-declared", "gzip-bomb"),
        *each(ALL, "answer-html", "answer-garbage", "answer-truncated", "answer-empty", "answer-no-content"),
        *each(ALL, "answer-null", "answer-array", "answer-object", "answer-deep"),
        *each(ALL_LATE, "black-hole-after-charge", "slow", "drip"),
        # Only the name and the folder in a link are used, so other changes to it have no effect.
        *each(ALL, "link-relative", "link-schemeless", "link-tampered"),
        *each(UNUSABLE_LATE, "link-other-host"),
        *each(UNUSABLE, "outputs-missing", "outputs-null", "outputs-of-others", "images-null", "images-object"),
        *each(UNUSABLE, "images-of-strings", "filename-missing", "filename-huge", "filename-leads-out"),
        # Polling is free, so it is repeated until the deadline.
        *each(UNKNOWN, "poll-401", "poll-403"),
        *each(UNKNOWN_LATE, "never-ending", "status-unknown", "status-missing", "poll-410"),
        *each(UNKNOWN_LATE, "poll-429", "poll-500", "poll-503", "poll-reset", "poll-close", "poll-not-http"),
        *each(UNKNOWN_LATE, "poll-black-hole", "poll-cut-short", "poll-oversized", "poll-gzip-bomb"),
        *each(UNKNOWN_LATE, "poll-redirect-elsewhere", "poll-html", "poll-garbage", "poll-deep"),
    )
)
REPRESENTATIVE: Final = (
    *("error-value-not-in-list", "node-errors", "failed", "close-before-charge", "answer-garbage", "images-none"),
    *("filename-leads-out", "link-other-host", "image-html", "poll-403", "poll-html"),
)


@pytest.fixture
async def provider() -> AsyncIterator[ComfyUIProvider]:
    async with comfyui_provider() as running:
        yield running


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=() if fault in REPRESENTATIVE else pytest.mark.long) for fault in MENU]
)
async def test_a_fault_has_the_expected_outcome(
    provider: ComfyUIProvider,
    generator: ImageGenerator,
    impatient: ImageGenerator,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FreeCalls, "TIMEOUT", 0.5)
    await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])
