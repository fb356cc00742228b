from __future__ import annotations

import asyncio

import pytest

from darkroom.adapters.outbound_http.deadline import Deadline


async def test_the_block_is_cancelled_at_the_deadline() -> None:
    deadline = Deadline(0.05)
    with pytest.raises(TimeoutError):
        async with deadline.running():
            await asyncio.Event().wait()

    assert deadline.left == 0
    with pytest.raises(TimeoutError):
        async with deadline.running():
            raise AssertionError


async def test_time_in_which_it_is_stopped_does_not_count() -> None:
    deadline = Deadline(0.2)
    with deadline.stopped():
        await asyncio.sleep(0.3)
    async with deadline.running():
        for _ in range(2):
            with deadline.stopped():
                await asyncio.sleep(0.3)

    assert 0 < deadline.left <= 0.2


async def test_it_goes_on_after_it_was_stopped() -> None:
    async def work() -> None:
        deadline = Deadline(0.1)
        async with deadline.running():
            with deadline.stopped():
                await asyncio.sleep(0.2)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await work()


async def test_a_cancelled_block_is_not_late() -> None:
    async def work() -> None:
        deadline = Deadline(30)
        async with deadline.running():
            with deadline.stopped():
                await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
