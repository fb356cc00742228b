"""Every fault of the simulator of Black Forest Labs: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.domain.model.errors import Charged
from darkroom.domain.ports import ImageGenerator
from integration.generators.asking import OUTCOMES as SHARED_OUTCOMES
from integration.generators.bfl_provider import BflProvider, bfl_provider
from integration.generators.one_call_an_image import check_fault
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
from simulators.bfl import bfl_simulator

MENU: Final = list(bfl_simulator().faults.menu)
OUTCOMES: Final = dict(SHARED_OUTCOMES) | dict(
    (
        *each(ALL, "image-without-its-end"),
        *each(REFUSED, "error-key", "error-no-credits", "error-not-found", "error-unprocessable"),
        *each(UNAVAILABLE, "error-too-many-tasks"),
        *each(ALL, "cost-missing"),
        *each(UNUSABLE, "polling-missing", "polling-number", "polling-stranger", "polling-own-host"),
        *each(UNUSABLE, "result-null", "result-list", "sample-null", "sample-number", "sample-huge"),
        *each(Outcome(REJECTED.error, Charged.UNKNOWN), "request-moderated", "content-moderated"),
        *each(UNKNOWN, "error", "failed", "not-found-any-more"),
    )
)
REPRESENTATIVE: Final = (
    *("error-no-credits", "polling-stranger", "close-after-charge", "server-error-html-before-charge"),
    *("answer-garbage", "content-moderated", "error", "poll-404", "link-other-host", "image-html"),
)


@pytest.fixture
async def provider() -> AsyncIterator[BflProvider]:
    async with bfl_provider() as running:
        yield running


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=() if fault in REPRESENTATIVE else pytest.mark.long) for fault in MENU]
)
async def test_a_fault_has_the_expected_outcome(
    provider: BflProvider,
    generator: ImageGenerator,
    impatient: ImageGenerator,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FreeCalls, "TIMEOUT", 0.5)
    await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])
