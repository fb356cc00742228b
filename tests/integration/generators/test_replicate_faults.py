"""Whatever the simulator of Replicate can do wrong: what it is called, and what is said of the money."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.domain.model.errors import Charged
from darkroom.domain.ports import ImageGenerator
from integration.generators.asking import TOLD as TOLD_OF_ALL
from integration.generators.one_call_an_image import tell
from integration.generators.replicate_provider import ReplicateProvider, replicate_provider
from integration.generators.test_karlo_faults import (
    ALL,
    REFUSED,
    REJECTED,
    UNAVAILABLE,
    UNKNOWN,
    UNKNOWN_LATE,
    UNUSABLE,
    Told,
    each,
)
from simulators.replicate import replicate_simulator

MENU: Final = list(replicate_simulator().faults.menu)
TOLD: Final = dict(TOLD_OF_ALL) | dict(
    (
        # All pixels of a PNG are there without its end.
        *each(ALL, "image-without-its-end"),
        *each(REFUSED, "error-unauthenticated", "error-no-credit", "error-not-found", "error-no-such-version"),
        *each(REFUSED, "error-invalid-input"),
        *each(UNAVAILABLE, "error-throttled", "aborted"),
        *each(UNUSABLE, "created-without-id", "created-with-number", "created-with-path"),
        *each(UNUSABLE, "canceled", "data-removed"),
        *each(UNUSABLE, "output-null", "output-object", "output-of-numbers", "output-huge"),
        *each(UNKNOWN, "canceled-before-it-began"),
        *each(UNKNOWN_LATE, "never-begins"),
        *each(UNKNOWN, "failed", "failed-silently"),
        *each(Told(REJECTED.error, Charged.UNKNOWN), "failed-nsfw", "failed-sensitive"),
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


def test_every_fault_of_the_menu_is_expected_here() -> None:
    assert set(TOLD) == set(MENU)


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=() if fault in REPRESENTATIVE else pytest.mark.long) for fault in MENU]
)
async def test_a_fault_is_called_what_it_is(
    provider: ReplicateProvider,
    generator: ImageGenerator,
    impatient: ImageGenerator,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FreeCalls, "TIMEOUT", 0.5)
    await tell(provider.simulator, generator, impatient, fault, TOLD[fault])


async def test_the_token_goes_to_nobody_else(provider: ReplicateProvider) -> None:
    """Neither where an answer says that a prediction is, nor along to the host of its files."""
    provider.simulator.faults.set("poll-redirect-elsewhere", times=1)
    async with provider.opened() as generator:
        await tell(provider.simulator, generator, generator, "seed-null", TOLD["seed-null"])

    assert provider.simulator.fetches
    assert all("authorization" not in fetch.headers for fetch in provider.simulator.fetches)
