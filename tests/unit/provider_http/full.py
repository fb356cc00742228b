"""Memory that is full, and a disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from darkroom.adapters.byte_room import ByteRoom, Stay
from darkroom.adapters.outbound_http.bodies import BodyReader


@asynccontextmanager
async def full(folder: Path, *, disk: bool = True) -> AsyncIterator[BodyReader]:
    """A reader without memory within the block, even for one body beyond its room; if `disk`, that is full, too."""
    place = folder / "arriving"
    if disk:
        place.touch()
    room = ByteRoom(1000)
    with Stay() as other:
        for _ in range(2):
            other.at_its_end(partial(room.give_back, await room.take(1000, other)))
        yield BodyReader(room, place)
