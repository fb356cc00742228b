"""Every fault of the simulator of the Images API: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.domain.model.errors import Charged
from integration.generators.one_call_an_image import OUTCOMES as SHARED_OUTCOMES
from integration.generators.one_call_an_image import check_fault, menu
from integration.generators.openai_images_provider import OpenAIImagesProvider, openai_images_provider
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
from integration.generators.test_openai_images import opened
from simulators.openai_images import openai_images_simulator

ENGINE: Final = "flux-dev=64-512 seed"
MENU: Final = list(openai_images_simulator().faults.menu)
OUTCOMES: Final = dict(SHARED_OUTCOMES) | dict(
    (
        *each(REFUSED, "error-invalid-key", "error-country", "error-model-not-found", "error-invalid-value"),
        *each(REFUSED, "error-insufficient-quota", "error-credit-exhausted", "error-project-spend-limit"),
        *each(REFUSED, "error-billing-limit", "error-string"),
        *each(UNAVAILABLE, "error-rate-limit", "error-slow-down", "error-overloaded"),
        *each(Outcome(REJECTED.error), "error-moderation", "error-moderation-input"),
        *each(Outcome(REJECTED.error, Charged.UNKNOWN), "error-content-policy"),
        *each(Outcome(REJECTED.error, Charged.UNKNOWN), "error-moderation-output-before-charge"),
        *each(Outcome(REJECTED.error, Charged.UNKNOWN), "error-moderation-output-after-charge"),
        *each(UNKNOWN, "error-without-code-before-charge", "error-without-code-after-charge"),
        *each(UNUSABLE, "data-missing", "data-null", "data-object", "data-of-strings", "linked-instead"),
        # A PNG without its end still has all of its pixels.
        *each(ALL, "image-without-its-end"),
    )
)
BY_LINK: Final = ("link-", "fetch-")
IN_BASE64: Final = [name for name in MENU if not name.startswith(BY_LINK)]


@pytest.fixture
async def provider() -> AsyncIterator[OpenAIImagesProvider]:
    async with openai_images_provider() as running:
        yield running


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(MENU)


@pytest.mark.parametrize("fault", menu(MENU))
async def test_a_fault_of_an_engine_that_sends_links_has_the_expected_outcome(
    provider: OpenAIImagesProvider, fault: str
) -> None:
    async with (
        opened(provider, ENGINE, response_format="url") as generator,
        opened(provider, ENGINE, response_format="url", patience=1.0) as impatient,
    ):
        await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])


@pytest.mark.parametrize("fault", menu(IN_BASE64))
async def test_a_fault_of_openai_has_the_expected_outcome(provider: OpenAIImagesProvider, fault: str) -> None:
    async with opened(provider, "gpt-image-2") as generator, opened(provider, "gpt-image-2", patience=1.0) as impatient:
        await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])
