"""What every image spool MUST do, as tests.

A subclass of `SpoolContract` names the adapter by two fixtures: `spool`, which is empty and has room for `ROOM` bytes,
and `reopen`, which returns the spool that another process finds in the same place.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

import pytest

from darkroom.domain.model.errors import StorageFault
from darkroom.domain.ports import RECEIPT, ImageSpool, seed_index

ROOM: Final = 1_000_000
NAME: Final = ("0199f0a0-0000-7000-8000-000000000000", 0)
OTHER: Final = ("0199f0a0-0000-7000-8000-000000000000", 1)

Reopen: TypeAlias = Callable[[], ImageSpool]
Outage: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]
"""Every call of the spool fails within this context."""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # a spool signals nothing when it is full
            await asyncio.sleep(0.01)


class SpoolContract:
    async def test_an_image_is_returned_as_it_was_put(self, spool: ImageSpool) -> None:
        digests = [await spool.put(*NAME, b"drawn"), await spool.put(*OTHER, b"")]

        assert digests == [hashlib.sha256(data).hexdigest() for data in (b"drawn", b"")]
        assert await spool.get(*NAME) == b"drawn"
        assert await spool.get(*OTHER) == b""

    async def test_a_receipt_and_seeds_are_kept_beside_the_images(self, spool: ImageSpool, reopen: Reopen) -> None:
        indexes = [0, 1, RECEIPT, seed_index(0), seed_index(1)]
        for index in indexes:
            await spool.put(NAME[0], index, str(index).encode())

        assert sorted(await reopen().waiting()) == sorted((NAME[0], index) for index in indexes)
        assert [await reopen().get(NAME[0], index) for index in indexes] == [str(index).encode() for index in indexes]

    async def test_get_returns_none_for_an_unknown_image(self, spool: ImageSpool) -> None:
        await spool.put(*OTHER, b"drawn")

        assert await spool.get(*NAME) is None

    async def test_the_image_that_was_put_last_counts(self, spool: ImageSpool) -> None:
        await spool.put(*NAME, b"collected once")
        await spool.put(*NAME, b"collected again")

        assert await spool.get(*NAME) == b"collected again"

    async def test_of_many_images_put_at_once_all_are_kept(self, spool: ImageSpool) -> None:
        images = {(NAME[0], number): bytes([number]) * 10_000 for number in range(40)}
        await asyncio.gather(*(spool.put(*name, data) for name, data in images.items()))

        assert {name: await spool.get(*name) for name in images} == images

    async def test_of_images_put_at_once_under_one_name_one_is_kept_whole(self, spool: ImageSpool) -> None:
        images = [bytes([number]) * 10_000 for number in range(16)]
        await asyncio.gather(*(spool.put(*NAME, image) for image in images))

        assert await spool.get(*NAME) in images

    async def test_a_removed_image_is_gone(self, spool: ImageSpool) -> None:
        await spool.put(*NAME, b"drawn")
        await spool.put(*OTHER, b"drawn too")
        await spool.remove(*NAME)

        assert await spool.get(*NAME) is None
        assert await spool.get(*OTHER) == b"drawn too"

    async def test_removing_an_unknown_image_succeeds(self, spool: ImageSpool) -> None:
        await spool.remove(*NAME)

    async def test_a_secured_image_is_kept_and_can_be_removed(self, spool: ImageSpool) -> None:
        await spool.put(*NAME, b"drawn")
        await spool.secure(*NAME)
        await spool.secure(*NAME)

        assert await spool.get(*NAME) == b"drawn"
        await spool.remove(*NAME)
        assert await spool.get(*NAME) is None

    async def test_waiting_names_every_image(self, spool: ImageSpool, reopen: Reopen) -> None:
        assert list(await spool.waiting()) == []
        for name in (NAME, OTHER):
            await spool.put(*name, b"drawn")
            await spool.secure(*name)

        assert sorted(await spool.waiting()) == sorted(await reopen().waiting()) == [NAME, OTHER]
        await spool.remove(*OTHER)
        assert list(await spool.waiting()) == [NAME]

    async def test_evidence_is_not_among_the_waiting_images(self, spool: ImageSpool) -> None:
        await spool.set_aside(NAME[0], b"<html>")

        assert await spool.get(*NAME) is None
        assert list(await spool.waiting()) == []

    async def test_evidence_can_be_set_aside_again(self, spool: ImageSpool) -> None:
        for evidence in (b"<html>", b"<html>", b"other"):
            await spool.set_aside(NAME[0], evidence)

    async def test_another_process_finds_a_waiting_image(self, spool: ImageSpool, reopen: Reopen) -> None:
        await spool.put(*NAME, b"drawn")

        assert await reopen().get(*NAME) == b"drawn"

    async def test_it_is_full_from_four_fifths_of_its_room_until_images_are_removed(self, spool: ImageSpool) -> None:
        assert not spool.full
        await spool.put(*NAME, bytes(ROOM * 4 // 5 - 1))
        assert not spool.full

        await spool.put(*OTHER, b"1")
        await until(lambda: spool.full)

        await spool.remove(*OTHER)
        await until(lambda: not spool.full)

    async def test_evidence_takes_no_room(self, spool: ImageSpool, reopen: Reopen) -> None:
        await spool.set_aside(NAME[0], bytes(ROOM))

        assert not reopen().full

    async def test_it_is_full_for_another_process_too(self, spool: ImageSpool, reopen: Reopen) -> None:
        other = reopen()
        await spool.put(*NAME, bytes(ROOM))

        assert reopen().full
        await until(lambda: other.full)

        await spool.remove(*NAME)
        await until(lambda: not other.full)


class SpoolOutageContract:
    """For spools that can be unavailable: it needs a fixture `outage` besides `spool`."""

    @pytest.mark.parametrize("doing", ["put", "get", "remove", "set_aside"])
    async def test_an_outage_is_a_storage_fault(self, spool: ImageSpool, outage: Outage, doing: str) -> None:
        await spool.put(*NAME, b"drawn")
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "put": lambda: spool.put(*OTHER, b"drawn"),
            "get": lambda: spool.get(*NAME),
            "remove": lambda: spool.remove(*NAME),
            "set_aside": lambda: spool.set_aside(NAME[0], b"<html>"),
        }

        async with outage():
            with pytest.raises(StorageFault) as raised:
                await calls[doing]()

        assert str(raised.value)

    async def test_after_an_outage_every_image_is_there_and_new_ones_can_be_put(
        self, spool: ImageSpool, outage: Outage
    ) -> None:
        await spool.put(*NAME, b"drawn")
        async with outage():
            with pytest.raises(StorageFault):
                await spool.put(*OTHER, b"drawn too")

        await spool.put(*OTHER, b"drawn too")
        assert await spool.get(*NAME) == b"drawn"
        assert await spool.get(*OTHER) == b"drawn too"
