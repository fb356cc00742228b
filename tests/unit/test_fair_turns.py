from __future__ import annotations

import asyncio

import pytest

from darkroom.adapters.fair_turns import MOST_WAITING, FairTurns
from darkroom.domain.model.errors import Overloaded


class Desk:
    """Records each caller that gets a turn, and ends turns when `leave` is called."""

    def __init__(self, places: int) -> None:
        self.turns, self.began, self._leaving = FairTurns(places), list[str | None](), asyncio.Semaphore(0)
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, *callers: str | None) -> None:
        for caller in callers:
            self.tasks.append(asyncio.create_task(self._work(caller)))
            await settled()

    async def leave(self, count: int = 1) -> None:
        for _ in range(count):
            self._leaving.release()
            await settled()

    async def _work(self, caller: str | None) -> None:
        async with self.turns.turn(caller):
            self.began.append(caller)
            await self._leaving.acquire()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_caller_holds_at_most_half_of_the_places() -> None:
    desk = Desk(4)
    await desk.come("a", "a", "a", "b")
    assert desk.began == ["a", "a", "b"]
    await desk.leave(4)
    assert desk.began == ["a", "a", "b", "a"]


async def test_callers_take_turns_even_if_one_has_many_waiting() -> None:
    desk = Desk(2)
    await desk.come("a", None, "a", "a", "a", "b", "c", "b")
    await desk.leave(8)
    assert desk.began == ["a", None, "a", "b", "c", "a", "b", "a"]


async def test_work_without_a_caller_goes_first() -> None:
    desk = Desk(1)
    await desk.come("a", "a", "b", None)
    await desk.leave(4)
    assert desk.began == ["a", None, "a", "b"]


async def test_too_many_waiting_for_one_caller_are_refused() -> None:
    desk = Desk(2)
    await desk.come("a", *["a"] * MOST_WAITING)
    with pytest.raises(Overloaded) as refused:
        async with desk.turns.turn("a"):
            pass
    assert refused.value.retry_after == 1
    await desk.come("b")
    assert desk.began == ["a", "b"]
    await desk.leave(MOST_WAITING + 2)
    assert len(desk.began) == MOST_WAITING + 2


async def test_a_cancelled_waiter_does_not_take_a_place() -> None:
    desk = Desk(2)
    await desk.come("a", None, "b", "b", "a")
    desk.tasks[2].cancel()
    await settled()
    await desk.leave()
    desk.tasks[3].cancel()
    await settled()
    await desk.leave(3)
    await desk.come("c", "d")
    assert desk.began[-2:] == ["c", "d"]
    await desk.leave(2)
    await asyncio.gather(*desk.tasks, return_exceptions=True)
