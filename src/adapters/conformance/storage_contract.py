"""What every image storage MUST do, as tests.

A subclass of `StorageContract` provides two fixtures: `storage`, empty and for keys that begin with `images/`, and
`read`, which opens a link as any client would.
"""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import pytest

from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.ports import ImageStorage

Read: TypeAlias = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Returns the bytes and the media type behind a link; raises LookupError if the link opens nothing."""

Outage: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]
"""Opens a context in which every operation of the storage fails."""


def new_key(media_type: MediaType = MediaType.PNG) -> str:
    """Return a new, unique key."""
    return f"images/2026/01/31/{uuid7()}.{media_type.ending}"


def some_image(length: int = 10_000, seed: int = 0) -> bytes:
    """Return pseudorandom bytes, equal for equal arguments; they are not an image, since a storage does not check."""
    return random.Random(seed).randbytes(length)


def placed(key: str, data: bytes, media_type: MediaType = MediaType.PNG) -> StoredImage:
    """Return the record of an image with these bytes under `key`."""
    return StoredImage(
        index=0,
        id="id",
        seed=None,
        key=key,
        media_type=media_type,
        length=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


async def put(storage: ImageStorage, key: str, data: bytes, media_type: MediaType = MediaType.PNG) -> None:
    """Store `data` under `key`."""
    await storage.put(placed(key, data, media_type), data)


async def all_keys(storage: ImageStorage) -> list[str]:
    """Return all keys in the storage, sorted."""
    return sorted([key async for key in storage.keys()])  # noqa: SIM118  # a storage is not a dict


def _knows_what_it_holds(storage: ImageStorage) -> bool:
    return type(storage).holds is not ImageStorage.holds


class StorageContract:
    """The rules for any storage."""

    @pytest.mark.parametrize("media_type", MediaType)
    async def test_a_link_opens_the_very_bytes_under_their_media_type(
        self, storage: ImageStorage, read: Read, media_type: MediaType
    ) -> None:
        key = new_key(media_type)
        await put(storage, key, some_image(), media_type)

        assert await read(await storage.link(key)) == (some_image(), media_type)

    async def test_an_image_is_given_back_as_it_was_put(self, storage: ImageStorage) -> None:
        key = new_key()
        await put(storage, key, some_image())

        assert await storage.get(placed(key, some_image())) == some_image()

    async def test_what_is_not_there_cannot_be_given_back(self, storage: ImageStorage) -> None:
        with pytest.raises(StorageFault):
            await storage.get(placed(new_key(), some_image()))

    async def test_it_holds_only_whole_images_that_were_put(self, storage: ImageStorage) -> None:
        key, image = new_key(), some_image()
        assert not await storage.holds(placed(key, image)), "it reports an image that was never put there"
        await put(storage, key, image)

        # A storage that does not override `holds` always answers False.
        assert await storage.holds(placed(key, image)) is _knows_what_it_holds(storage)
        for other in (some_image(seed=1), image[:-1], image + b"!"):
            assert not await storage.holds(placed(key, other)), "it reports bytes that differ from the stored ones"
        assert not await storage.holds(placed(new_key(), image)), "it reports an image that is stored under another key"
        await storage.delete(key)
        assert not await storage.holds(placed(key, image)), "it reports a deleted image"

    async def test_an_image_of_many_megabytes_comes_back_whole(self, storage: ImageStorage, read: Read) -> None:
        key, image = new_key(), some_image(8_000_000)
        await put(storage, key, image)

        assert await read(await storage.link(key)) == (image, MediaType.PNG)

    @pytest.mark.parametrize("name", ["with space", "100%25+plus?and#hash&amp;", "사진", "a'quote\"and~tilde"])
    async def test_a_link_opens_whatever_its_key_is_made_of(self, storage: ImageStorage, read: Read, name: str) -> None:
        key = f"images/{name}/{name}.png"
        await put(storage, key, some_image())

        assert await read(await storage.link(key)) == (some_image(), MediaType.PNG)
        assert await all_keys(storage) == [key], "it is listed under another key"

    @pytest.mark.parametrize("prompt", ["a fox", "바다 위의 등대", "!"])
    async def test_a_link_to_save_it_opens_the_same(self, storage: ImageStorage, read: Read, prompt: str) -> None:
        key = new_key()
        await put(storage, key, some_image())

        link = await storage.download_link(key, FileName.of(prompt, 7, MediaType.PNG))

        assert await read(link) == (some_image(), MediaType.PNG)

    async def test_the_same_upload_again_succeeds(self, storage: ImageStorage, read: Read) -> None:
        key = new_key()
        for _ in range(3):
            await put(storage, key, some_image())

        assert await read(await storage.link(key)) == (some_image(), MediaType.PNG)

    async def test_the_same_upload_at_once_succeeds(self, storage: ImageStorage, read: Read) -> None:
        key = new_key()
        await asyncio.gather(*(put(storage, key, some_image()) for _ in range(8)))

        assert await read(await storage.link(key)) == (some_image(), MediaType.PNG)
        assert await all_keys(storage) == [key], "the image is stored more than once"

    @pytest.mark.parametrize("length", [10_000, 9_999], ids=["of the same length", "of another length"])
    async def test_other_bytes_are_refused_and_the_first_stay(
        self, storage: ImageStorage, read: Read, length: int
    ) -> None:
        key = new_key()
        await put(storage, key, some_image())

        with pytest.raises(StorageFault, match="other bytes"):
            await put(storage, key, some_image(length, seed=1))

        assert await read(await storage.link(key)) == (some_image(), MediaType.PNG)

    async def test_of_different_bytes_at_once_exactly_one_upload_wins(self, storage: ImageStorage, read: Read) -> None:
        key = new_key()
        images = [some_image(seed=seed) for seed in range(8)]

        ends = await asyncio.gather(*(put(storage, key, image) for image in images), return_exceptions=True)

        won = [image for image, end in zip(images, ends, strict=True) if end is None]
        assert [await read(await storage.link(key))] == [(image, MediaType.PNG) for image in won]
        assert sum(isinstance(end, StorageFault) for end in ends) == 7, "a losing upload does not raise a StorageFault"

    async def test_a_deleted_image_is_gone_for_everyone(self, storage: ImageStorage, read: Read) -> None:
        key, other = new_key(), new_key()
        await put(storage, key, some_image())
        await put(storage, other, some_image())
        link = await storage.link(key)

        await storage.delete(key)

        with pytest.raises(LookupError):
            await read(link)
        assert await all_keys(storage) == [other], "not only the deleted image is gone"

    async def test_what_is_not_there_is_deleted(self, storage: ImageStorage) -> None:
        await storage.delete(new_key())

    async def test_a_deleted_key_takes_other_bytes(self, storage: ImageStorage, read: Read) -> None:
        key = new_key()
        await put(storage, key, some_image())
        await storage.delete(key)
        await put(storage, key, some_image(seed=1))

        assert await read(await storage.link(key)) == (some_image(seed=1), MediaType.PNG)

    async def test_keys_are_those_that_are_kept(self, storage: ImageStorage) -> None:
        assert await all_keys(storage) == []

        keys = [new_key(media_type) for media_type in MediaType]
        for key, media_type in zip(keys, MediaType, strict=True):
            await put(storage, key, some_image(), media_type)

        assert await all_keys(storage) == sorted(keys)

    async def test_a_check_returns_a_sentence_and_leaves_nothing(self, storage: ImageStorage) -> None:
        assert await storage.check(), "check returns an empty text"
        assert await all_keys(storage) == [], "check leaves an object behind"


class StorageOutageContract:
    """The rules for storages that can be unreachable; needs `storage`, `read` and a fixture `outage`."""

    @pytest.mark.parametrize("doing", ["put", "holds", "get", "delete", "keys", "check"])
    async def test_an_outage_is_a_storage_fault(self, storage: ImageStorage, outage: Outage, doing: str) -> None:
        if doing == "holds" and not _knows_what_it_holds(storage):
            pytest.skip("this storage cannot report what it holds")
        key = new_key()
        await put(storage, key, some_image())
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "put": lambda: put(storage, new_key(), some_image()),
            "holds": lambda: storage.holds(placed(key, some_image())),
            "get": lambda: storage.get(placed(key, some_image())),
            "delete": lambda: storage.delete(key),
            "keys": lambda: all_keys(storage),
            "check": storage.check,
        }

        async with outage():
            with pytest.raises(StorageFault) as raised:
                await calls[doing]()

        assert str(raised.value), "the fault has no message"
        assert raised.value.__cause__ is not None, "the fault has no cause"

    async def test_after_an_outage_it_works_again(self, storage: ImageStorage, read: Read, outage: Outage) -> None:
        before, refused = new_key(), new_key()
        await put(storage, before, some_image())
        async with outage():
            with pytest.raises(StorageFault):
                await put(storage, refused, some_image())

        await put(storage, refused, some_image())

        assert await all_keys(storage) == sorted([before, refused])
        for key in (before, refused):
            assert await read(await storage.link(key)) == (some_image(), MediaType.PNG)
