"""Admission is fair between callers: who may draw, who waits, who is turned away."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.domain.model.errors import Overloaded
from darkroom.domain.use_cases.admission import Admission, Place


class Room:
    """An admission, with the places that are held in it."""

    def __init__(self, *, in_flight: int = 1, queued: int = 0) -> None:
        self.admission = Admission(InMemoryImageSpool(), max_in_flight=in_flight, max_queued=queued)
        self.held: dict[str, AsyncExitStack] = {}

    async def enter(self, caller: str, name: str, *, owed: bool = False) -> Place | None:
        stack = AsyncExitStack()
        try:
            place = await stack.enter_async_context(self.admission.place(caller, name, owed=owed))
        except Overloaded:
            return None
        self.held[name] = stack
        return place

    async def leave(self, name: str) -> None:
        await self.held.pop(name).aclose()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room(in_flight=1, queued=1)
    yield room
    for stack in room.held.values():
        await stack.aclose()


async def test_a_single_caller_may_take_every_place(room: Room) -> None:
    assert [bool(await room.enter("flood", str(number))) for number in range(4)] == [True, True, False, False]
    await room.leave("1")
    assert await room.enter("flood", "5")


async def test_the_next_place_is_reserved_for_a_caller_who_was_turned_away_and_has_none(room: Room) -> None:
    for name in ("a", "b"):
        await room.enter("flood", name)

    assert not await room.enter("other", "c")
    await room.leave("a")
    assert not await room.enter("flood", "d")
    assert await room.enter("other", "c")
    await room.leave("b")
    assert await room.enter("flood", "d")


async def test_no_place_is_reserved_for_a_caller_who_has_one(room: Room) -> None:
    await room.enter("one", "a")
    await room.enter("other", "b")

    assert not await room.enter("other", "c")
    await room.leave("a")
    assert await room.enter("one", "d")


async def test_at_most_half_of_the_places_are_reserved() -> None:
    room = Room(in_flight=2, queued=2)
    for number in range(4):
        await room.enter("flood", str(number))
    for number in range(100):
        await room.enter(f"passer-by {number}", "never")
    for number in range(3):
        await room.leave(str(number))

    assert await room.enter("flood", "4")
    assert not await room.enter("flood", "5")


async def test_a_reserved_place_expires(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        await room.enter("flood", name)
    await room.enter("other", "c")
    await room.leave("a")
    assert not await room.enter("flood", "d")

    loop = asyncio.get_running_loop()
    later = loop.time() + Admission.KEPT_FOR
    monkeypatch.setattr(loop, "time", lambda: later)
    assert await room.enter("flood", "d")


async def test_an_order_that_was_accepted_before_always_gets_a_place(room: Room) -> None:
    for name in ("a", "b"):
        await room.enter("flood", name)
    room.admission.close()

    assert not await room.enter("flood", "c")
    assert await room.enter("flood", "d", owed=True)
    assert (room.admission.in_flight, room.admission.queued) == (0, 3)


async def test_callers_take_turns() -> None:
    room = Room(in_flight=1, queued=9)
    order: list[str] = []
    places = [(name, await room.enter(name[0], name)) for name in ("a1", "a2", "a3", "b1", "b2", "c1")]

    async def pass_through(name: str, place: Place) -> None:
        await place.turn()
        order.append(name)
        await asyncio.sleep(0)
        await room.leave(name)

    tasks = [asyncio.create_task(pass_through(name, place)) for name, place in places if place]
    await asyncio.sleep(0)
    assert [room.admission.position(name[0], name) for name, _ in places] == [None, 1, 4, 2, 5, 3]
    await asyncio.gather(*tasks)

    assert order == ["a1", "a2", "b1", "c1", "a3", "b2"]


@pytest.mark.parametrize("seed", range(20))
async def test_a_position_is_the_number_of_turns_until_the_order_is_drawn(seed: int) -> None:
    chance, room, order = random.Random(seed), Room(in_flight=1, queued=40), list[str]()

    async def wait_for_its_turn(name: str, place: Place) -> None:
        await place.turn()
        order.append(name)

    tasks, waiting = [], []
    for number in range(30):
        name = f"{chance.choice('aaab bcd')}{number}"
        place = await room.enter(name[0], name)
        assert place
        tasks.append(asyncio.create_task(wait_for_its_turn(name, place)))
        await asyncio.sleep(0)
        waiting.append(name)
        if chance.random() < 0.3:  # the order that is being drawn ends
            await room.leave(order[-1])
            await asyncio.sleep(0)
    left = [name for name in waiting if name not in order]
    positions = {name: room.admission.position(name[0], name) for name in left}
    assert room.admission.queued == len(left)
    begun = len(order)
    while len(order) < len(waiting):
        await room.leave(order[-1])
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)

    assert {name: order.index(name) - begun + 1 for name in left} == positions
    assert room.admission.position("a", "unknown") is None


async def one_at_work_and_two_waiting() -> tuple[Room, Place, Place]:
    room = Room(in_flight=1, queued=2)
    first, second, third = [await room.enter("a", name) for name in ("1", "2", "3")]
    assert first
    assert second
    assert third
    await first.turn()
    return room, second, third


async def test_an_order_cancelled_just_as_its_turn_comes_passes_the_turn_on() -> None:
    room, second, third = await one_at_work_and_two_waiting()
    waiting = [asyncio.create_task(place.turn()) for place in (second, third)]
    await asyncio.sleep(0)

    await room.leave("1")
    waiting[0].cancel()

    async with asyncio.timeout(5):
        await waiting[1]
    assert room.admission.in_flight == 1


async def test_an_order_cancelled_while_it_waits_frees_no_drawing_slot() -> None:
    room, second, third = await one_at_work_and_two_waiting()
    waiting = asyncio.create_task(second.turn())
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await room.leave("2")

    assert room.admission.in_flight == 1
    after = asyncio.create_task(third.turn())
    await asyncio.sleep(0)
    assert not after.done()
    await room.leave("1")
    async with asyncio.timeout(5):
        await after
