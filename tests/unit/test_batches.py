from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from darkroom.adapters.batches import Batches

BIG = 1_000_000


class Bench:
    """Works on one batch for each release of `turns`."""

    def __init__(self) -> None:
        self.batches: list[Sequence[int]] = []
        self.turns = asyncio.Semaphore(0)

    async def work(self, items: Sequence[int]) -> Sequence[str | Exception]:
        self.batches.append(items)
        await self.turns.acquire()
        if -1 in items:
            raise OSError("no room")
        return [ValueError(str(item)) if item > BIG else str(item) for item in items]


async def test_items_that_arrive_meanwhile_are_worked_on_together() -> None:
    bench = Bench()
    work = Batches(bench.work)
    first = asyncio.create_task(work(1))
    await asyncio.sleep(0)
    others = [asyncio.create_task(work(number)) for number in (2, 3, 4)]
    for _ in range(2):
        bench.turns.release()
    await asyncio.gather(first, *others)

    assert bench.batches == [[1], [2, 3, 4]]


async def test_batches_are_limited_in_size() -> None:
    bench = Bench()
    work = Batches(bench.work)
    for _ in range(100):
        bench.turns.release()
    await asyncio.gather(*(work(number) for number in range(1000)))

    assert [item for batch in bench.batches for item in batch] == list(range(1000))
    assert max(map(len, bench.batches)) < 100


async def test_each_item_gets_its_own_result() -> None:
    bench = Bench()
    work = Batches(bench.work)
    bench.turns.release()
    results = await asyncio.gather(work(1), work(BIG + 1), work(2), return_exceptions=True)

    assert [str(one) for one in results] == ["1", str(BIG + 1), "2"]
    assert [type(one) for one in results] == [str, ValueError, str]
    assert bench.batches == [[1, BIG + 1, 2]]


async def test_a_failure_is_raised_for_every_item_of_its_batch_only() -> None:
    bench = Bench()
    work = Batches(bench.work)
    for _ in range(3):
        bench.turns.release()
    results = await asyncio.gather(work(1), work(-1), work(2), return_exceptions=True)

    assert [str(fault) for fault in results] == ["no room"] * 3
    await work(3)


async def test_cancelling_one_item_does_not_affect_the_others() -> None:
    bench = Bench()
    work = Batches(bench.work)
    leaves, stays = asyncio.create_task(work(1)), asyncio.create_task(work(2))
    await asyncio.sleep(0)
    leaves.cancel()
    bench.turns.release()

    await stays
    with pytest.raises(asyncio.CancelledError):
        await leaves
    assert bench.batches == [[1, 2]]
