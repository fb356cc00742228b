from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from darkroom.adapters.batches import Batches

BIG = 1_000_000


class Bench:
    """Works on a batch when it is told to."""

    def __init__(self) -> None:
        self.batches: list[Sequence[int]] = []
        self.turns = asyncio.Semaphore(0)

    async def work(self, items: Sequence[int]) -> Sequence[str | Exception]:
        self.batches.append(items)
        await self.turns.acquire()
        if -1 in items:
            raise OSError("no room")
        return [ValueError(str(item)) if item > BIG else str(item) for item in items]


async def test_what_comes_meanwhile_is_worked_on_together() -> None:
    bench = Bench()
    work = Batches(bench.work)
    first = asyncio.create_task(work(1))
    await asyncio.sleep(0)
    others = [asyncio.create_task(work(number)) for number in (2, 3, 4)]
    for _ in range(2):
        bench.turns.release()
    await asyncio.gather(first, *others)

    assert bench.batches == [[1], [2, 3, 4]]


async def test_no_batch_grows_without_bounds() -> None:
    bench = Bench()
    work = Batches(bench.work)
    for _ in range(100):
        bench.turns.release()
    await asyncio.gather(*(work(number) for number in range(1000)))

    assert [item for batch in bench.batches for item in batch] == list(range(1000))
    assert max(map(len, bench.batches)) < 100


async def test_each_is_told_what_came_of_its_own() -> None:
    bench = Bench()
    work = Batches(bench.work)
    bench.turns.release()
    told = await asyncio.gather(work(1), work(BIG + 1), work(2), return_exceptions=True)

    assert [str(one) for one in told] == ["1", str(BIG + 1), "2"]
    assert [type(one) for one in told] == [str, ValueError, str]
    assert bench.batches == [[1, BIG + 1, 2]]


async def test_what_goes_wrong_is_told_to_all_of_a_batch_and_to_no_other() -> None:
    bench = Bench()
    work = Batches(bench.work)
    for _ in range(3):
        bench.turns.release()
    told = await asyncio.gather(work(1), work(-1), work(2), return_exceptions=True)

    assert [str(fault) for fault in told] == ["no room"] * 3
    await work(3)


async def test_who_leaves_takes_nothing_from_the_others() -> None:
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
