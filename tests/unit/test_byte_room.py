from __future__ import annotations

import asyncio

import pytest

from darkroom.adapters.byte_room import ByteRoom, Stay
from harness.waiting import until


class Guest:
    """Holds `length` bytes until `leaves` is called; if given a stay, until that ends."""

    def __init__(self, room: ByteRoom, length: int, stay: Stay | None = None) -> None:
        self.inside, self.leave = False, asyncio.Event()
        self.stay = asyncio.create_task(self._stay(room, length, stay))

    async def _stay(self, room: ByteRoom, length: int, stay: Stay | None) -> None:
        taken = await room.take(length, stay)
        self.inside = True
        if stay:
            stay.at_its_end(lambda: room.give_back(taken))
            return
        try:
            await self.leave.wait()
        finally:
            room.give_back(taken)
        self.inside = False

    async def leaves(self) -> None:
        self.leave.set()
        await self.stay
        await asyncio.sleep(0)


async def guests(room: ByteRoom, *lengths: int) -> list[Guest]:
    came = [Guest(room, length) for length in lengths]
    await asyncio.sleep(0)
    return came


async def test_at_most_as_many_bytes_are_inside_as_there_is_room_for() -> None:
    first, second, third = await guests(ByteRoom(10), 6, 4, 1)
    assert (first.inside, second.inside, third.inside) == (True, True, False)

    await second.leaves()
    assert third.inside


async def test_admission_is_first_come_first_served_and_small_ones_do_not_overtake() -> None:
    room = ByteRoom(10)
    holder, large, small = await guests(room, 6, 8, 1)
    assert (large.inside, small.inside, room.offers(1)) == (False, False, False)

    await holder.leaves()
    assert (large.inside, small.inside) == (True, True)


async def test_a_body_larger_than_the_room_has_it_alone() -> None:
    giant, other = await guests(ByteRoom(10), 1000, 1)
    assert (giant.inside, other.inside) == (True, False)

    await giant.leaves()
    assert other.inside


@pytest.mark.parametrize("at_the_last_moment", [False, True])
async def test_cancelling_a_waiter_does_not_block_the_next(at_the_last_moment: bool) -> None:
    holder, leaving, waiting = await guests(ByteRoom(10), 10, 10, 10)
    if at_the_last_moment:
        holder.leave.set()
        await holder.stay
    leaving.stay.cancel()
    if not at_the_last_moment:
        await holder.leaves()
    await asyncio.gather(leaving.stay, return_exceptions=True)
    await asyncio.sleep(0)

    assert waiting.inside


async def test_stays_that_each_hold_a_part_do_not_deadlock() -> None:
    room, one, other = ByteRoom(10), Stay(), Stay()
    parts = [Guest(room, 5, stay) for stay in (one, other, one, other, one)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    # One of the stays may exceed the room, so it gets all that it needs; the other stay waits for it to end.
    assert [part.inside for part in parts] == [True, True, True, False, True]
    with one:
        pass
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert parts[3].inside
    with other:
        pass
    assert room.offers(10), "some bytes were not given back"


async def test_a_part_of_a_stay_may_exceed_the_room_ahead_of_earlier_waiters() -> None:
    room, order = ByteRoom(10), Stay()
    first, waiting, second = Guest(room, 10, order), Guest(room, 1), Guest(room, 10, order)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (first.inside, waiting.inside, second.inside) == (True, False, True)
    with order:
        pass
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert waiting.inside
    await waiting.leaves()


async def test_a_task_inherits_the_current_stay() -> None:
    assert Stay.now() is None
    with Stay() as order:
        with order.current():
            asked = asyncio.create_task(_now())
        assert Stay.now() is None
        assert await asked is order


async def _now() -> Stay | None:
    await asyncio.sleep(0)
    return Stay.now()


async def test_bytes_can_be_given_back_while_the_next_in_the_queue_is_being_cancelled() -> None:
    room = ByteRoom(10)
    assert room.offers(10)
    (waiting,) = await guests(room, 10)
    waiting.stay.cancel()
    room.give_back(10)
    with pytest.raises(asyncio.CancelledError):
        await waiting.stay

    assert room.offers(10)


async def test_if_nothing_moves_the_first_in_the_queue_is_admitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ByteRoom, "STUCK", 0.05)
    room = ByteRoom(10)
    assert room.offers(10)
    first, second = await guests(room, 10, 10)
    await until(lambda: first.inside)
    assert [first.inside, second.inside] == [True, False], "at most one at a time"

    room.give_back(10)
    await first.leaves()
    assert second.inside
    await second.leaves()
    assert room.offers(10)
    assert not room.offers(1)
