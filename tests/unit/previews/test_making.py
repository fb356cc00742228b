"""A preview is made once, after everything else, and nothing waits for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256

import pytest

from conformance.generations import NOON, drawn, image_of, received, stored
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.model.limits import Limits
from darkroom.domain.ports import NoPreview, PreviewMaker, PreviewsUnavailable
from darkroom.domain.use_cases.keep import KeepGenerations
from darkroom.domain.use_cases.previews import MakePreviews


class Maker(PreviewMaker):
    """Makes one preview for each image, or raises `fault`; runs `meanwhile` first."""

    def __init__(self) -> None:
        self.made = 0
        self.fault: Exception | None = None

    async def make(self, data: bytes, image: StoredImage, generation: Generation) -> bytes:
        self.made += 1
        await self.meanwhile(generation)
        if self.fault:
            raise self.fault
        return b"small " + data

    async def meanwhile(self, generation: Generation) -> None:
        """Does nothing; tests replace it."""


class Shop:
    def __init__(self) -> None:
        self.ledger, self.storage, self.maker = InMemoryGenerationLedger(lambda: NOON), InMemoryImageStorage(), Maker()
        self.previews = MakePreviews(self.maker, ledger=self.ledger, storage=self.storage)
        self.keep = KeepGenerations(
            ledger=self.ledger, storage=self.storage, clock=lambda: NOON, previews=self.previews
        )

    async def sell(self, samples: int = 2) -> Generation:
        order = await self.ledger.receive(received(samples=samples), Limits())
        for revision in stored(order):
            await self.ledger.record(revision)
        for index in range(samples):
            await self.storage.put(image_of(order, index), b"bytes %d" % index)
        return order

    async def look(self, order: Generation) -> Generation:
        found = await self.ledger.find(order.id)
        assert found
        return found


@pytest.fixture
def shop() -> Shop:
    return Shop()


async def test_each_image_gets_one_preview_beside_it(shop: Shop) -> None:
    order = await shop.sell()

    for _ in range(2):
        await shop.previews(order.id)

    now = await shop.look(order)
    assert shop.maker.made == 2
    for image in now.images:
        small = image.preview_image
        assert small
        assert small.key == image.key.replace(".webp", ".preview.webp")
        data = await shop.storage.get(small)
        assert data == b"small bytes %d" % image.index
        assert (small.length, small.sha256) == (len(data), sha256(data).hexdigest())
    listed = [(one.key, one.waits) async for one in shop.ledger.images()]
    assert sorted(listed) == sorted((key, False) for key in shop.storage.kept)


async def test_a_preview_that_cannot_be_made_is_not_tried_again(shop: Shop) -> None:
    order = await shop.sell()
    shop.maker.fault = NoPreview("a bomb")

    for _ in range(2):
        await shop.previews(order.id)

    assert shop.maker.made == 2
    assert [image.preview_image for image in (await shop.look(order)).images] == [None, None]
    assert len(shop.storage.kept) == 2


@pytest.mark.parametrize("fault", [PreviewsUnavailable("busy"), StorageFault("away"), MemoryError()])
async def test_a_preview_that_failed_temporarily_is_made_when_its_generation_is_read_again(
    shop: Shop, fault: Exception
) -> None:
    order = await shop.sell()
    shop.maker.fault = fault
    await shop.previews(order.id)
    assert await shop.look(order) == stored(order)[-1]
    shop.maker.fault = None

    async with shop.previews.making():
        await shop.keep.one(order.id, "ada")
        await until_made(shop, order)


async def test_a_preview_interrupted_by_a_crash_is_made_again(shop: Shop) -> None:
    order = await shop.sell(samples=1)

    class Crash(InMemoryImageStorage):
        async def put(self, image: StoredImage, data: bytes) -> None:
            raise StorageFault("crash")

    crashing = Crash()
    crashing.kept = shop.storage.kept
    with pytest.raises(StorageFault):
        await MakePreviews(shop.maker, ledger=shop.ledger, storage=crashing)(order.id)
    (pending,) = (await shop.look(order)).images
    assert pending.preview
    assert not pending.preview.stored
    assert [one.waits async for one in shop.ledger.images()] == [False, True]
    await shop.storage.put(replace(pending, key=pending.preview.key), b"what another process left")

    await shop.previews(order.id)

    (image,) = (await shop.look(order)).images
    assert image.preview
    assert image.preview.stored
    assert await shop.storage.get(image.preview_image or image) == b"small bytes 0"


@pytest.mark.parametrize("when", ["while it is made", "while it is stored"])
@pytest.mark.parametrize("whole", [True, False])
async def test_an_image_deleted_meanwhile_leaves_no_preview(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, when: str, whole: bool
) -> None:
    order = await shop.sell()

    async def delete(*_: object) -> None:
        monkeypatch.undo()
        if whole:
            await shop.keep.delete(order.id, "ada")
        else:
            await shop.keep.delete_image(order.id, 0, "ada")

    if when == "while it is made":
        monkeypatch.setattr(shop.maker, "meanwhile", delete)
    else:
        put = shop.storage.put

        async def put_late(image: StoredImage, data: bytes) -> None:
            await delete()
            await put(image, data)

        monkeypatch.setattr(shop.storage, "put", put_late)
    await shop.previews(order.id)

    await shop.previews(order.id)

    left = {key for key in shop.storage.kept if "-0." in key or whole}
    assert left == set()
    assert {one.key async for one in shop.ledger.images()} == set(shop.storage.kept)


@pytest.mark.parametrize("whole", [True, False])
async def test_a_preview_recorded_meanwhile_does_not_prevent_a_deletion(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    order, find = await shop.sell(), shop.ledger.find

    async def find_early(generation_id: str) -> Generation | None:
        monkeypatch.undo()
        found = await find(generation_id)
        await shop.previews(generation_id)
        return found

    monkeypatch.setattr(shop.ledger, "find", find_early)
    await (shop.keep.delete(order.id, "ada") if whole else shop.keep.delete_image(order.id, 0, "ada"))

    left = await shop.look(order)
    assert [image.index for image in left.images] == ([] if whole else [1])
    assert (left.erased_at is not None, shop.maker.made) == (whole, 2)
    assert {one.key async for one in shop.ledger.images()} == set(shop.storage.kept)


async def test_a_preview_is_deleted_with_its_image_and_by_retention(shop: Shop) -> None:
    order, other = await shop.sell(), await shop.sell()
    for one in (order, other):
        await shop.previews(one.id)

    await shop.keep.delete_image(order.id, 0, "ada")
    assert len(shop.storage.kept) == 6

    await shop.keep.delete(order.id, "ada")
    assert len(shop.storage.kept) == 4

    later = KeepGenerations(ledger=shop.ledger, storage=shop.storage, clock=lambda: NOON.replace(year=2027))
    await later.sweep(images=NOON - NOON.replace(day=1), prompts=None)
    assert shop.storage.kept == {}


async def test_a_generation_that_is_not_stored_has_no_preview(shop: Shop) -> None:
    order = await shop.ledger.receive(received(), Limits())
    for revision in drawn(order):
        await shop.ledger.record(revision)

    await shop.previews(order.id)
    await shop.previews("01a204ec-a14d-7c27-ada9-1830ac502ff7")

    assert shop.maker.made == 0


async def until_made(shop: Shop, order: Generation) -> None:
    async with asyncio.timeout(30):
        while (await shop.look(order)).awaits_previews:  # noqa: ASYNC110  # nothing signals it
            await asyncio.sleep(0.01)
