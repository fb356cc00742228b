from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from darkroom.domain.ports import ImageGenerator
from darkroom.domain.use_cases import patience
from integration.generators.karlo_provider import KarloProvider, karlo_provider
from integration.generators.simulated import Opened

# Contract tests of the HTTP calls that all generators share, with hundreds of cases each. `make test` runs them for the
# first generator, `make coverage` for one generator of each shape, and `make test-long` for all others.
_OF_THE_CALLS: Final = (
    "test_after_a_failure_it_draws_again",
    "test_waiting_for_the_answer_can_be_cancelled_again_and_again",
    "test_concurrent_orders_each_get_their_own_images",
    "test_cancelled_at_any_await_it_leaves_nothing_running",
    "test_a_collection_stopped_early_leaves_nothing_running",
)
_FIRST: Final = "test_karlo.py::TestByLinks"  # one call for all samples, links
_ONE_OF_EACH_SHAPE: Final = (
    _FIRST,
    "test_openai_images.py::TestEngine",  # a call for each sample, base64
    "test_fal.py::TestFal",  # a queue that is polled
)


def pytest_itemcollected(item: pytest.Item) -> None:
    rule = getattr(item, "originalname", item.name)
    if rule in _OF_THE_CALLS and _FIRST not in item.nodeid:
        shapes = any(shape in item.nodeid for shape in _ONE_OF_EACH_SHAPE)
        item.add_marker(pytest.mark.thorough if shapes else pytest.mark.long)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between tries, because simulators answer within milliseconds."""
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.02)


@pytest.fixture
async def provider() -> AsyncIterator[KarloProvider]:
    async with karlo_provider() as running:
        yield running


@pytest.fixture
async def generator(provider: Opened) -> AsyncIterator[ImageGenerator]:
    async with provider.opened() as generator:
        yield generator


@pytest.fixture
async def impatient(provider: Opened) -> AsyncIterator[ImageGenerator]:
    async with provider.opened(patience=1.0) as generator:
        yield generator
