from __future__ import annotations

import asyncio

import pytest

from darkroom.adapters.outbound_http.provider_time import ProviderTime


async def test_a_block_is_cancelled_when_no_time_is_left() -> None:
    limit = ProviderTime(0.05)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with limit:
                await asyncio.Event().wait()
        assert limit.left <= 0


async def test_only_time_within_blocks_counts() -> None:
    limit = ProviderTime(0.5)
    await asyncio.sleep(0.6)
    async with limit:
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.6)

    assert 0 < limit.left <= 0.4


async def test_time_in_which_it_is_stopped_does_not_count() -> None:
    limit = ProviderTime(0.2)
    async with limit:
        for _ in range(2):
            with limit.stopped():
                await asyncio.sleep(0.3)

    assert 0 < limit.left <= 0.2


async def test_it_goes_on_after_it_was_stopped() -> None:
    async def work() -> None:
        limit = ProviderTime(0.1)
        async with limit:
            with limit.stopped():
                await asyncio.sleep(0.2)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await work()


async def test_a_cancelled_block_is_not_late() -> None:
    async def work() -> None:
        limit = ProviderTime(30)
        async with limit:
            with limit.stopped():
                await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
