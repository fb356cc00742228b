from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulators.karlo import KarloSimulator, karlo_simulator
from unit.simulators.karlo_client import KarloClient


@pytest.fixture
async def karlo() -> AsyncIterator[KarloSimulator]:
    async with karlo_simulator() as running:
        yield running


@pytest.fixture
async def client(karlo: KarloSimulator) -> AsyncIterator[KarloClient]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield KarloClient(karlo, session)
