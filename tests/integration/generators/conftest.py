from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integration.generators.karlo_provider import KarloProvider, karlo_provider


@pytest.fixture
async def provider() -> AsyncIterator[KarloProvider]:
    async with karlo_provider() as running:
        yield running
