from __future__ import annotations

from itertools import count

import pytest

from darkroom.adapters.byte_room import ByteRoom
from darkroom.entrypoints.container.memory import ImageMemory


def capacity(room: ByteRoom) -> int:
    """How many single bytes it offers; it then has none left."""
    return next(taken for taken in count() if not room.offers(1))


@pytest.mark.parametrize("size", [4, 7, 1000, 1023])
def test_all_parts_together_hold_no_more_than_the_operator_allows(size: int) -> None:
    memory = ImageMemory.of(size)
    arriving = capacity(memory.arriving)
    marked = arriving  # each image that arrives is copied once, when it is marked

    assert size - 4 < arriving + marked + memory.recent + capacity(memory.answers) <= size


@pytest.mark.parametrize("size", [1, 3, 4])
async def test_even_the_smallest_memory_lets_only_one_large_part_in(size: int) -> None:
    memory = ImageMemory.of(size)

    for room in (memory.arriving, memory.answers):
        await room.take(50_000_000)
        assert not room.offers(1)
