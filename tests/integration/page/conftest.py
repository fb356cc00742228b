from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from integration.page.studio import Studio, open_studio
from integration.page.visitor import Visitor, visiting


@pytest.fixture(scope="session")
def open_all_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One service for all tests of a worker. Each test has its own caller."""
    with open_studio(tmp_path_factory.mktemp("studio")) as studio:
        yield studio


@pytest.fixture
def studio(open_all_day: Studio) -> Studio:
    """The service, with its provider reset: without faults and charges."""
    open_all_day.karlo.reset()
    return open_all_day


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(chromium: Browser, studio: Studio, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """A visitor who has not signed in; parametrize `visitor` with special options for the browser."""
    special: dict[str, Any] = getattr(request, "param", {})
    async with visiting(chromium, studio, subject=request.node.name, special=special) as opened:
        yield opened
