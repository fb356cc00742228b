"""Images in the disk storage, served by links that the service signs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from darkroom.adapters.in_memory.generator import tile
from darkroom.adapters.storages.disk import DiskImageStorage, SignedLinks
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.image_file import MediaType
from darkroom.entrypoints.http.signed_files import FILES
from integration.http.house import House, now, open_house

SECRET = b"what links are signed with"


def disk(folder: Path, ttl: timedelta = timedelta(hours=1)) -> DiskImageStorage:
    links = SignedLinks(SECRET, f"http://darkroom.example{FILES}", ttl)
    return DiskImageStorage(folder, links=links, clock=now)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    storage = disk(tmp_path)
    async with open_house(storage=storage, files=storage) as opened:
        yield opened


async def open_link(house: House, link: str, method: str = "GET") -> httpx.Response:
    """Open a link without a token."""
    parts = urlsplit(link)
    async with httpx.AsyncClient(base_url=house.client.base_url, trust_env=False) as stranger:
        return await stranger.request(method, f"{parts.path}?{parts.query}")


async def test_a_link_opens_the_image_without_a_token(house: House) -> None:
    (image,) = (await house.order(seed=[7])).json()
    opened = await open_link(house, image["image"])
    assert opened.status_code == 200
    assert opened.content == tile(64, 48, 7)
    assert opened.headers["content-type"] == "image/png"
    assert opened.headers["x-content-type-options"] == "nosniff"
    assert opened.headers["content-disposition"] == "inline"
    assert opened.headers["content-security-policy"] == "default-src 'none'; sandbox"
    kind, seconds, how = opened.headers["cache-control"].split(", ")
    assert (kind, how) == ("private", "immutable")
    assert 1795 < int(seconds.removeprefix("max-age=")) <= 3600


async def test_an_image_has_the_same_link_for_a_while(house: House) -> None:
    answer = await house.order()
    address, (image,) = answer.links["describedby"]["url"], answer.json()
    links = {image["image"]} | {(await house.client.get(address)).json()["images"][0]["image"] for _ in range(3)}
    assert len(links) <= 2  # the link changes every half hour


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A fox, in the snow!", 'attachment; filename="a-fox-in-the-snow-7.png"'),
        ("../../etc/passwd\r\nX: y", 'attachment; filename="etc-passwd-x-y-7.png"'),
        ("바다", "attachment; filename=\"7.png\"; filename*=UTF-8''%EB%B0%94%EB%8B%A4-7.png"),
        ("!", 'attachment; filename="image-7.png"'),
    ],
)
async def test_a_download_is_named_after_its_prompt_and_its_seed(house: House, prompt: str, name: str) -> None:
    answer = await house.order(prompt=prompt, seed=[7])
    (image,) = (await house.client.get(answer.links["describedby"]["url"])).json()["images"]
    opened = await open_link(house, image["download"])
    assert (opened.status_code, opened.content) == (200, tile(64, 48, 7))
    assert opened.headers["content-disposition"] == name
    assert opened.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("old", "new"),
    [("&name=", "&name=x"), ("&name=a", "&name=%61"), ("&name=", "&nome="), ("&name=a-fox-7", ""), ("a-fox-7", "")],
)
async def test_the_name_in_a_link_cannot_be_changed(house: House, old: str, new: str) -> None:
    answer = await house.order(prompt="a fox", seed=[7])
    (image,) = (await house.client.get(answer.links["describedby"]["url"])).json()["images"]
    assert old in image["download"]
    assert (await open_link(house, image["download"].replace(old, new))).status_code == 404


async def test_head_reports_the_length(house: House) -> None:
    (image,) = (await house.order()).json()
    answer = await open_link(house, image["image"], "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("signature=", "signature=A"),
        ("signature=", "signatures="),
        ("&signature=", ""),
        ("expires=", "expires=9"),
        ("expires=", "expire="),
        ("?", "?x=1#"),
        (".png", ".webp"),
        (".png", ".png%00"),
        ("/files/", "/files/../"),
        ("/files/images/", "/files/"),
        ("/files/", "/files/%2e%2e/"),
        ("/files/", "/files//etc/passwd"),
        # Other spellings of the link.
        ("expires=", "expires=1&expires="),
        ("signature=", "signature=&signature="),
        ("?", "?x=1&"),
        ("?", "?&"),
        (".png?", ".png/?"),
        (".png", "%2Epng"),
        ("/files/", "/files//"),
        ("/files/", "/files/./"),
        ("/files/images/", "/files/images%2F"),
        ("/files/images/", "/files/x/../images/"),
    ],
)
async def test_a_changed_link_is_refused(house: House, old: str, new: str) -> None:
    (image,) = (await house.order()).json()
    assert old in image["image"]
    link = urlsplit(image["image"].replace(old, new))
    # Without httpx, which would normalise the URL.
    reader, writer = await asyncio.open_connection(house.client.base_url.host, house.port)
    writer.write(f"GET {link.path}?{link.query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    refused = await reader.read()
    writer.close()
    assert refused.split(b" ", 2)[1] in (b"401", b"404"), refused


async def test_the_parameters_of_a_link_cannot_be_reordered(house: House) -> None:
    (image,) = (await house.order()).json()
    path, _, query = image["image"].partition("?")
    expires, _, signature = query.partition("&")
    assert (await open_link(house, f"{path}?{signature}&{expires}")).status_code == 404
    assert (await open_link(house, f"{path}?{expires}&{signature}")).status_code == 200


async def test_a_link_expires(tmp_path: Path) -> None:
    storage = disk(tmp_path, ttl=timedelta(seconds=-1))
    async with open_house(storage=storage, files=storage) as house:
        (image,) = (await house.order()).json()
        refused = await open_link(house, image["image"])
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/not-found")


async def test_the_link_of_a_deleted_image_is_not_found(house: House) -> None:
    answer = await house.order()
    await house.client.delete(answer.links["describedby"]["url"])
    assert (await open_link(house, answer.json()[0]["image"])).status_code == 404


async def test_other_methods_are_refused(house: House) -> None:
    (image,) = (await house.order()).json()
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await open_link(house, image["image"], method)).status_code == 401


async def test_a_failing_disk_is_not_reported_as_a_wrong_link(tmp_path: Path) -> None:
    class InTrouble(DiskImageStorage):
        async def open(self, key: str, *, expires: str, signature: str, name: str = "") -> tuple[bytes, MediaType]:
            raise StorageFault("the disk is gone")

    files = InTrouble(tmp_path, links=SignedLinks(SECRET, "", timedelta(hours=1)), clock=now)
    async with open_house(files=files) as house:
        refused = await house.client.get("/files/x.png")
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
    assert "retry-after" in refused.headers


async def test_without_a_disk_storage_no_file_is_found() -> None:
    async with open_house() as house:
        assert (await house.client.get("/files/x.png")).status_code == 404
