from __future__ import annotations

import asyncio

import pytest
from darkroom.domain.use_cases.fair_room import FairRoom


def enters(room: FairRoom, caller: str, name: str) -> bool:
    offered = room.offers(caller)
    if offered:
        room.take(caller, name)
    return offered


async def test_one_who_is_alone_may_have_every_place_and_no_more() -> None:
    room = FairRoom(3)

    assert [enters(room, "flood", str(number)) for number in range(5)] == [True, True, True, False, False]
    assert len(room) == 3
    room.leave("1")
    assert enters(room, "flood", "5")


async def test_the_next_place_is_for_whoever_was_turned_away_and_has_none() -> None:
    room = FairRoom(2)
    for name in ("a", "b"):
        enters(room, "flood", name)

    assert not enters(room, "other", "c")
    room.leave("a")
    assert not enters(room, "flood", "d")
    assert enters(room, "other", "c")
    room.leave("b")
    assert enters(room, "flood", "d")


async def test_whoever_has_a_place_is_kept_no_other() -> None:
    room = FairRoom(2)
    enters(room, "one", "a")
    enters(room, "other", "b")

    assert not enters(room, "other", "c")
    room.leave("a")
    assert enters(room, "one", "d")


async def test_no_more_than_half_of_the_places_are_kept() -> None:
    room = FairRoom(4)
    for number in range(4):
        enters(room, "flood", str(number))
    for number in range(100):
        enters(room, f"passer-by {number}", "never")
    for number in range(3):
        room.leave(str(number))

    assert enters(room, "flood", "4")
    assert not enters(room, "flood", "5")


async def test_nothing_is_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    room = FairRoom(2)
    for name in ("a", "b"):
        enters(room, "flood", name)
    enters(room, "other", "c")
    room.leave("a")
    assert not enters(room, "flood", "d")

    loop = asyncio.get_running_loop()
    later = loop.time() + FairRoom.KEPT_FOR
    monkeypatch.setattr(loop, "time", lambda: later)
    assert enters(room, "flood", "d")


async def test_a_place_is_taken_once_and_left_once() -> None:
    room = FairRoom(2)
    for _ in range(2):
        room.take("one", "a")
    assert len(room) == 1
    assert "a" in room

    for _ in range(2):
        room.leave("a")
    assert len(room) == 0
    assert "a" not in room
