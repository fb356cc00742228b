from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from darkroom.adapters.conformance import Outage, Read, StorageContract, StorageOutageContract, new_key, put, some_image
from darkroom.adapters.storages.disk import DiskImageStorage, SignedLinks
from darkroom.domain.model.errors import NotFound, StorageFault
from darkroom.domain.model.image_file import MediaType

BASE_URL = "https://darkroom.example/files"
TTL = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "images"


@pytest.fixture
def storage(folder: Path, clock: Clock) -> DiskImageStorage:
    links = SignedLinks(secret=b"s" * 32, base_url=BASE_URL, ttl=TTL)
    return DiskImageStorage(folder, links=links, clock=clock)


@pytest.fixture
def read(storage: DiskImageStorage) -> Read:
    async def read(link: str) -> tuple[bytes, str]:
        assert link.startswith(f"{BASE_URL}/")
        parts = urlsplit(link)
        query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        try:
            return await storage.open(unquote(parts.path).removeprefix("/files/"), **query)
        except NotFound as refusal:
            raise LookupError(link) from refusal

    return read


@contextmanager
def a_file_in_place_of(folder: Path) -> Iterator[None]:
    """A file instead of the folder, so that even root cannot write there."""
    away = folder.rename(folder.with_name("away"))
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


class TestDiskImageStorage(StorageContract, StorageOutageContract):
    @pytest.fixture
    def outage(self, folder: Path) -> Outage:
        @asynccontextmanager
        async def outage() -> AsyncIterator[None]:
            with a_file_in_place_of(folder):
                yield

        return outage


async def test_a_link_works_until_it_expires(storage: DiskImageStorage, read: Read, clock: Clock) -> None:
    key = new_key()
    await put(storage, key, some_image())
    link = await storage.link(key)

    clock.now += TTL - timedelta(seconds=1)
    assert await read(link) == (some_image(), MediaType.PNG)

    clock.now += timedelta(seconds=1)
    with pytest.raises(LookupError):
        await read(link)


async def test_a_link_opens_its_own_image_only(storage: DiskImageStorage, read: Read) -> None:
    mine, other = new_key(), new_key()
    for key in (mine, other):
        await put(storage, key, some_image())

    with pytest.raises(LookupError):
        await read((await storage.link(mine)).replace(mine, other))


async def test_nothing_outside_of_the_folder_is_opened_even_by_a_genuine_link(
    storage: DiskImageStorage, read: Read, folder: Path
) -> None:
    await put(storage, new_key(), some_image())
    (folder.parent / "secret.png").write_bytes(b"secret")
    (folder / "way out").symlink_to(folder.parent)
    (folder / "shortcut.png").symlink_to(folder.parent / "secret.png")

    for key in ("../secret.png", f"{folder.parent}/secret.png", "way out/secret.png", "shortcut.png"):
        with pytest.raises(StorageFault):
            await read(await storage.link(key))


async def test_a_media_type_that_does_not_match_the_ending_is_refused(storage: DiskImageStorage) -> None:
    with pytest.raises(StorageFault, match="does not have the ending for image/webp"):
        await put(storage, new_key(MediaType.PNG), some_image(), MediaType.WEBP)


async def test_a_file_that_is_not_an_image_is_not_opened(storage: DiskImageStorage, read: Read, folder: Path) -> None:
    await put(storage, new_key(), some_image())
    (folder / "notes.html").write_text("<script>", encoding="utf-8")

    with pytest.raises(LookupError):
        await read(await storage.link("notes.html"))
