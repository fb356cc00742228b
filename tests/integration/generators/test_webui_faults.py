"""Every fault of the simulator of a web UI: the error it becomes, and whether it is reported as charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.adapters.conformance import draw, plain_request
from darkroom.domain.ports import ImageGenerator
from integration.generators.one_call_an_image import OUTCOMES as SHARED_OUTCOMES
from integration.generators.one_call_an_image import check_fault, menu
from integration.generators.test_karlo_faults import ALL, REFUSED, UNKNOWN, UNUSABLE, each
from integration.generators.webui_provider import WebUIProvider, webui_provider
from simulators.webui import webui_simulator

MENU: Final = [name for name in webui_simulator().faults.menu if not name.startswith(("link-", "fetch-"))]
OUTCOMES: Final = dict(SHARED_OUTCOMES) | dict(
    (
        # A PNG without its end still has all of its pixels.
        *each(ALL, "image-without-its-end"),
        *each(REFUSED, "error-credentials", "error-api-off", "error-sampler", "error-unprocessable"),
        *each(UNKNOWN, "error-out-of-memory-before-charge", "error-out-of-memory-after-charge"),
        *each(UNUSABLE, "images-missing", "images-null", "images-object"),
        *each(ALL, "info-missing", "info-null", "info-object", "info-garbage", "info-array", "info-deep"),
        *each(ALL, "all-seeds-missing", "all-seeds-empty", "other-checkpoint", "image-as-data-url"),
    )
)


@pytest.fixture
async def provider() -> AsyncIterator[WebUIProvider]:
    async with webui_provider() as running:
        yield running


def test_every_fault_of_the_menu_has_an_expected_outcome() -> None:
    assert set(OUTCOMES) == set(webui_simulator().faults.menu)


@pytest.mark.parametrize("fault", menu(MENU))
async def test_a_fault_has_the_expected_outcome(generator: ImageGenerator, provider: WebUIProvider, fault: str) -> None:
    async with provider.opened(patience=1.0) as impatient:
        await check_fault(provider.simulator, generator, impatient, fault, OUTCOMES[fault])


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("error-credentials", "does not accept our user name and password"),
        ("error-api-off", "started without --api"),
        ("error-sampler", "does not know the sampler"),
        ("error-out-of-memory-after-charge", "had an internal error: OutOfMemoryError"),
    ],
)
async def test_the_message_names_what_the_operator_should_check(
    generator: ImageGenerator, provider: WebUIProvider, fault: str, says: str
) -> None:
    provider.simulator.faults.set(fault)
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert failure is not None
    assert says in failure.detail
