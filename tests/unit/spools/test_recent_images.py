from __future__ import annotations

import pytest

from conformance.spool_contract import NAME, OTHER, ROOM, Reopen, SpoolContract
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.spools.recent import RecentImages


@pytest.fixture
def inside() -> InMemoryImageSpool:
    return InMemoryImageSpool(ROOM)


@pytest.fixture
def spool(inside: InMemoryImageSpool) -> RecentImages:
    return RecentImages(inside, 100)


@pytest.fixture
def reopen(inside: InMemoryImageSpool) -> Reopen:
    return lambda: RecentImages(inside, 100)


class TestRecentImages(SpoolContract):
    pass


async def remembered(spool: RecentImages, inside: InMemoryImageSpool) -> set[tuple[str, int]]:
    """What is given although it lies in the spool no more."""
    inside.kept.clear()
    return {name for name in (NAME, OTHER) if await spool.get(*name) is not None}


async def test_what_was_put_is_not_read_again(spool: RecentImages, inside: InMemoryImageSpool) -> None:
    await spool.put(*NAME, bytes(60))
    await spool.put(*OTHER, bytes(40))

    assert await remembered(spool, inside) == {NAME, OTHER}


async def test_no_more_is_remembered_than_there_is_room_for(spool: RecentImages, inside: InMemoryImageSpool) -> None:
    await spool.put(*NAME, bytes(60))
    await spool.put(*OTHER, bytes(41))

    assert await spool.get(*OTHER) == bytes(41)
    assert await remembered(spool, inside) == {NAME}


@pytest.mark.parametrize("doing", ["remove", "secure", "put"])
async def test_what_is_over_leaves_its_room_to_others(
    spool: RecentImages, inside: InMemoryImageSpool, doing: str
) -> None:
    await spool.put(*NAME, bytes(100))
    if doing == "put":
        await spool.put(*NAME, b"")
    else:
        await getattr(spool, doing)(*NAME)
    await spool.put(*OTHER, bytes(100))

    assert OTHER in await remembered(spool, inside)
