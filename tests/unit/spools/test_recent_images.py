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
    """The images that are still returned after the wrapped spool has lost them."""
    inside.kept.clear()
    return {name for name in (NAME, OTHER) if await spool.get(*name) is not None}


async def test_an_image_that_was_put_is_not_read_from_the_spool(
    spool: RecentImages, inside: InMemoryImageSpool
) -> None:
    await spool.put(*NAME, bytes(60))
    await spool.put(*OTHER, bytes(40))

    assert await remembered(spool, inside) == {NAME, OTHER}


async def test_at_most_as_many_bytes_are_remembered_as_there_is_room_for(
    spool: RecentImages, inside: InMemoryImageSpool
) -> None:
    await spool.put(*NAME, bytes(60))
    await spool.put(*OTHER, bytes(41))

    assert await spool.get(*OTHER) == bytes(41)
    assert await remembered(spool, inside) == {NAME}


@pytest.mark.parametrize("doing", ["remove", "secure", "put"])
async def test_a_removed_secured_or_replaced_image_gives_its_room_back(
    spool: RecentImages, inside: InMemoryImageSpool, doing: str
) -> None:
    await spool.put(*NAME, bytes(100))
    if doing == "put":
        await spool.put(*NAME, b"")
    else:
        await getattr(spool, doing)(*NAME)
    await spool.put(*OTHER, bytes(100))

    assert OTHER in await remembered(spool, inside)
