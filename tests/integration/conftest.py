"""Fixtures for several kinds of tests: a command line in a separate folder, and a simulated Karlo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from integration.cli.command_line import CommandLine
from simulators.karlo import KarloSimulator, karlo_simulator


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[CommandLine]:
    with CommandLine(tmp_path) as shell:
        yield shell


@pytest.fixture
async def karlo() -> AsyncIterator[KarloSimulator]:
    async with karlo_simulator() as simulator:
        yield simulator


@pytest.fixture
def with_karlo(karlo: KarloSimulator) -> dict[str, str]:
    """Settings with which the simulator draws."""
    return {
        "DARKROOM_GENERATORS": "karlo",
        "DARKROOM_KARLO_API_KEY": karlo.api_key,
        "DARKROOM_KARLO_BASE_URL": karlo.base_url,
        "DARKROOM_KARLO_IMAGE_HOSTS": karlo.base_url,
    }
