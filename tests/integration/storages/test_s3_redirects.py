"""Redirects of a server: the storage follows S3 to the bucket's region, and no other redirect."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from darkroom.adapters.conformance import Read, all_keys, new_key, put, some_image
from darkroom.adapters.storages.s3 import S3ImageStorage
from darkroom.adapters.storages.s3.address import Address
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.image_file import MediaType
from servers.s3 import Credentials
from simulators.s3 import S3StandIn

OpenStorage = Callable[..., AbstractAsyncContextManager[S3ImageStorage]]


@pytest.fixture
async def elsewhere() -> AsyncIterator[S3StandIn]:
    """A server that accepts everything, but is not the one that images are sent to."""
    async with S3StandIn() as server:
        yield server


DOING: dict[str, Callable[[S3ImageStorage], Awaitable[object]]] = {
    "put": lambda storage: put(storage, new_key(), some_image()),
    "delete": lambda storage: storage.delete(new_key()),
    "keys": all_keys,
    "check": lambda storage: storage.check(),
}


@pytest.mark.parametrize("doing", DOING)
async def test_a_redirect_to_another_origin_is_not_followed(
    elsewhere: S3StandIn, open_storage: OpenStorage, doing: str
) -> None:
    async with S3StandIn() as server, open_storage(server.url, Credentials()) as storage:
        await put(storage, new_key(), some_image())
        server.elsewhere = elsewhere.url
        with pytest.raises(StorageFault, match=rf"answered by a redirect to {elsewhere.url}, which is not followed$"):
            await DOING[doing](storage)
    assert elsewhere.requests == []


async def test_a_redirect_within_the_server_is_not_followed(open_storage: OpenStorage) -> None:
    async with S3StandIn(elsewhere="/elsewhere") as server, open_storage(server.url, Credentials()) as storage:
        with pytest.raises(StorageFault, match="redirect to a path of its own, which is not followed"):
            await put(storage, new_key(), some_image())
        assert server.objects == {}


async def test_the_region_of_the_bucket_is_followed_and_used_in_signatures(
    open_storage: OpenStorage, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    key = new_key()
    async with S3StandIn(region="eu-west-1") as server, open_storage(server.url, Credentials()) as storage:
        assert (await storage.check()).startswith("keeps images")
        await put(storage, key, some_image())
        assert await all_keys(storage) == [key]
        link = await storage.link(key)
        assert "%2Feu-west-1%2Fs3%2F" in link
        assert await read(link) == (some_image(), MediaType.PNG)
        await storage.delete(key)
        assert server.objects == {}
    assert [record.getMessage() for record in caplog.records] == [
        "the bucket darkroom is in the region eu-west-1: set DARKROOM_S3_REGION to it"
    ]


@pytest.mark.parametrize("region", ["evil.example/", "eu-west-1.evil.example", "a@evil.example", "EU", "", "a" * 64])
async def test_an_invalid_region_is_not_followed(open_storage: OpenStorage, region: str) -> None:
    async with S3StandIn(region=region or "-") as server, open_storage(server.url, Credentials()) as storage:
        with pytest.raises(StorageFault, match="region"):
            await put(storage, new_key(), some_image())
        assert {request.host for request in server.requests} == {f"127.0.0.1:{server.port}"}
        assert len(server.requests) == 1


AWS = Address.read("https://my-images.s3.ap-northeast-2.amazonaws.com/", "ap-northeast-2")
AWS_BY_PATH = Address.read("https://s3.ap-northeast-2.amazonaws.com/my-images/", "ap-northeast-2")
SELF_HOSTED = Address.read("http://minio.example:9000/my-images/", "us-east-1")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (AWS, "https://my-images.s3.eu-west-1.amazonaws.com/"),
        (AWS_BY_PATH, "https://s3.eu-west-1.amazonaws.com/my-images/"),
        (SELF_HOSTED, "http://minio.example:9000/my-images/"),
        (
            Address.read("https://us-east-1.s3.us-east-1.wasabisys.com/", "us-east-1"),
            "https://us-east-1.s3.eu-west-1.wasabisys.com/",
        ),
    ],
)
def test_another_region_changes_only_its_label_in_the_host(address: Address, url: str) -> None:
    assert address.in_region("eu-west-1") == Address.read(url, "eu-west-1")


@pytest.mark.parametrize("address", [AWS, AWS_BY_PATH])
@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("my-images.s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("my-images.s3-eu-west-1.amazonaws.com", "eu-west-1"),
        ("s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("my-images.s3.amazonaws.com", None),
        ("my-images.s3.eu-west-1.amazonaws.com.evil.example", None),
        ("my-images.s3.evil.example", None),
        ("my-images.s3.eu.west.amazonaws.com", None),
        ("", None),
    ],
)
def test_only_a_host_of_the_same_provider_names_a_region(address: Address, endpoint: str, region: str | None) -> None:
    assert address.region_of(endpoint, "my-images") == region
    assert SELF_HOSTED.region_of(endpoint, "my-images") is None
