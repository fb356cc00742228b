from __future__ import annotations

import asyncio

import pytest

from darkroom.adapters.byte_room import ByteRoom


class Guest:
    """Holds so many bytes until it is told to leave."""

    def __init__(self, room: ByteRoom, length: int) -> None:
        self.inside, self.leave = False, asyncio.Event()
        self.stay = asyncio.create_task(self._stay(room, length))

    async def _stay(self, room: ByteRoom, length: int) -> None:
        async with room.holding(length):
            self.inside = True
            await self.leave.wait()
        self.inside = False

    async def leaves(self) -> None:
        self.leave.set()
        await self.stay
        await asyncio.sleep(0)


async def guests(room: ByteRoom, *lengths: int) -> list[Guest]:
    came = [Guest(room, length) for length in lengths]
    await asyncio.sleep(0)
    return came


async def test_no_more_bytes_are_inside_than_there_is_room_for() -> None:
    first, second, third = await guests(ByteRoom(10), 6, 4, 1)
    assert (first.inside, second.inside, third.inside) == (True, True, False)

    await second.leaves()
    assert third.inside


async def test_who_came_first_is_let_in_first_and_the_small_do_not_pass_the_large() -> None:
    holder, large, small = await guests(ByteRoom(10), 6, 8, 1)
    assert (large.inside, small.inside) == (False, False)

    await holder.leaves()
    assert (large.inside, small.inside) == (True, True)


async def test_what_is_larger_than_the_room_has_it_for_itself() -> None:
    giant, other = await guests(ByteRoom(10), 1000, 1)
    assert (giant.inside, other.inside) == (True, False)

    await giant.leaves()
    assert other.inside


@pytest.mark.parametrize("at_the_last_moment", [False, True])
async def test_who_leaves_the_queue_holds_nobody_up(at_the_last_moment: bool) -> None:
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
