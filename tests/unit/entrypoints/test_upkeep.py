import asyncio
import logging

import pytest

from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.entrypoints.container.upkeep import kept_up


async def test_upkeep_goes_on_after_any_error_and_ends_with_the_block(caplog: pytest.LogCaptureFixture) -> None:
    faults = iter([LedgerUnavailable("not now"), RuntimeError("unforeseen")])
    worked = asyncio.Event()

    async def work() -> None:
        fault = next(faults, None)
        if fault:
            raise fault
        worked.set()

    with caplog.at_level(logging.WARNING, "darkroom.entrypoints.container.upkeep"):
        async with kept_up(work, 0.001):
            await worked.wait()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    logged = [(record.levelname, record.getMessage(), record.exc_info is not None) for record in caplog.records]
    assert logged[:2] == [("WARNING", "trying again in 0 s: not now", False), ("ERROR", "trying again in 0 s", True)]
