from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import pytest

from darkroom.adapters.conformance import (
    Outage,
    Read,
    StorageContract,
    StorageOutageContract,
    all_keys,
    new_key,
    placed,
    put,
    some_image,
)
from darkroom.adapters.storages.s3 import PublicLinks, S3ImageStorage, open_s3_client
from darkroom.adapters.storages.s3.direct import DirectBucket
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.image_file import MediaType
from servers.proxy import NO_FAULTS, Faults, Proxy
from servers.s3 import S3Server

OpenStorage = Callable[..., AbstractAsyncContextManager[S3ImageStorage]]


@pytest.fixture
async def proxy(s3: S3Server) -> AsyncIterator[Proxy]:
    async with Proxy(s3.port) as proxy:
        yield proxy


@pytest.fixture
async def storage(s3: S3Server, proxy: Proxy, open_storage: OpenStorage) -> AsyncIterator[S3ImageStorage]:
    async with open_storage(proxy.url, s3.service) as storage:
        yield storage


@pytest.fixture(params=[Faults(refuse=True), Faults(reset=True)], ids=["refused", "reset"])
def outage(request: pytest.FixtureRequest, proxy: Proxy) -> Outage:
    @asynccontextmanager
    async def outage() -> AsyncIterator[None]:
        await proxy.switch(request.param)
        yield
        await proxy.switch(NO_FAULTS)

    return outage


class PublicImages(NamedTuple):
    storage: S3ImageStorage
    client: Any  # botocore's, whose events let a test reach into its requests


@pytest.fixture
async def public(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PublicImages]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.service.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.service.secret_key)
    async with open_s3_client(region=s3.region, endpoint_url=s3.endpoint_url) as client:
        links = PublicLinks("https://cdn.example/darkroom")
        yield PublicImages(S3ImageStorage(client, bucket=s3.bucket, prefix="images/", links=links), client)


class TestS3ImageStorage(StorageContract, StorageOutageContract):
    pass


async def test_bytes_that_do_not_match_their_digest_are_not_kept(storage: S3ImageStorage) -> None:
    key = new_key()
    with pytest.raises(StorageFault, match="BadDigest"):
        await storage.put(placed(key, some_image()), some_image(seed=1))

    assert await all_keys(storage) == []


async def test_an_image_is_kept_unchanged_and_may_be_cached_privately(storage: S3ImageStorage, s3: S3Server) -> None:
    key = new_key(MediaType.WEBP)
    await put(storage, key, some_image(), MediaType.WEBP)

    kept = s3.get(key)
    assert (kept.body, kept.content_type, kept.metadata) == (some_image(), "image/webp", {})
    assert kept.headers["cache-control"] == "private, max-age=30, immutable"


async def test_objects_outside_the_prefix_are_not_listed(s3: S3Server, open_storage: OpenStorage) -> None:
    async with open_storage(s3.endpoint_url, s3.service, prefix="") as everything:
        await put(everything, "theirs/a.png", some_image())
        await put(everything, "images/a.png", some_image())

    async with open_storage(s3.endpoint_url, s3.service) as ours:
        assert await all_keys(ours) == ["images/a.png"]


async def test_all_keys_are_listed_over_several_pages(public: PublicImages, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"images/{number}.png" for number in range(5)]
    for key in keys:
        await put(public.storage, key, some_image())
    monkeypatch.setattr(DirectBucket, "PAGE", 2)

    assert await all_keys(public.storage) == keys


async def test_a_link_opens_nothing_without_its_signature_or_with_another(storage: S3ImageStorage, read: Read) -> None:
    mine, other = new_key(), new_key()
    for key in (mine, other):
        await put(storage, key, some_image())
    link = await storage.link(mine)

    last = "0" if link[-1] != "0" else "1"
    for tampered in (link.partition("?")[0], link.replace(mine, other), link[:-1] + last, link.replace("=60", "=61")):
        with pytest.raises(LookupError):
            await read(tampered)
    assert await read(link) == (some_image(), MediaType.PNG)


async def refusal(read: Read, link: str) -> str:
    """Wait until a link is refused; return the refusal."""
    async with asyncio.timeout(60):
        while True:
            try:
                await read(link)
            except LookupError as refused:
                return str(refused)
            await asyncio.sleep(0.05)


async def test_a_link_expires(s3: S3Server, open_storage: OpenStorage, read: Read) -> None:
    async with open_storage(s3.endpoint_url, s3.service, ttl=1) as storage:
        key = new_key()
        await put(storage, key, some_image())
        link = await storage.link(key)

        assert "expired" in await refusal(read, link)


async def test_links_can_be_signed_for_another_address(
    s3: S3Server, proxy: Proxy, open_storage: OpenStorage, read: Read
) -> None:
    key = new_key()
    async with open_storage(s3.endpoint_url, s3.service) as inside, open_storage(proxy.url, s3.service) as outside:
        await put(inside, key, some_image())
        link = await outside.link(key)

    assert link.startswith(proxy.url)
    assert await read(link) == (some_image(), MediaType.PNG)


async def test_a_storage_that_does_not_answer_is_a_fault_within_the_deadline(
    s3: S3Server, proxy: Proxy, open_storage: OpenStorage
) -> None:
    key = new_key()
    async with open_storage(proxy.url, s3.service, deadline=1.0) as storage:
        await storage.check()  # so that open connections are swallowed too
        await proxy.switch(Faults(black_hole=True))
        with pytest.raises(StorageFault, match="does not answer in time"):
            await put(storage, key, some_image())
        await proxy.switch(NO_FAULTS)

        await put(storage, key, some_image())
        assert s3.get(key).body == some_image()


async def test_a_storage_that_was_killed_and_started_again_is_used_again(
    s3: S3Server, open_storage: OpenStorage
) -> None:
    before, after = new_key(), new_key()
    async with open_storage(s3.endpoint_url, s3.service) as storage:
        await put(storage, before, some_image())
        await asyncio.to_thread(s3.stop)
        with pytest.raises(StorageFault, match="cannot be reached"):
            await put(storage, after, some_image())
        await asyncio.to_thread(s3.start)
        await put(storage, after, some_image())

    assert s3.keys() == sorted([before, after])


async def test_an_upload_whose_answer_was_lost_succeeds_when_repeated(
    storage: S3ImageStorage, s3: S3Server, proxy: Proxy
) -> None:
    await storage.check()
    key = new_key()
    # The server's permission to send the body arrives; its confirmation that the image is kept does not.
    await proxy.switch(Faults(cut_download=len(b"HTTP/1.1 100 Continue\r\n\r\n") + 4, reset=True))
    with pytest.raises(StorageFault, match="closed the connection"):
        await put(storage, key, some_image())
    assert s3.keys() == [key]
    await proxy.switch(NO_FAULTS)

    await put(storage, key, some_image())

    assert s3.get(key).body == some_image()


async def test_an_upload_that_is_cut_short_leaves_nothing(storage: S3ImageStorage, s3: S3Server, proxy: Proxy) -> None:
    await proxy.switch(Faults(cut_upload=5_000))
    with pytest.raises(StorageFault):
        await put(storage, new_key(), some_image())

    assert s3.keys() == []


async def test_bytes_that_change_on_their_way_are_refused(s3: S3Server, public: PublicImages) -> None:
    connections = public.client._endpoint.http_session  # noqa: SLF001  # nothing public leads there
    send = connections.send

    async def change(request: Any) -> Any:  # noqa: ANN401  # botocore's
        request.body = some_image(seed=1)
        return await send(request)

    connections.send = change

    with pytest.raises(StorageFault, match="BadDigest"):
        await put(public.storage, new_key(), some_image())
    assert s3.keys() == []


async def test_public_images_may_be_cached_by_all(s3: S3Server, public: PublicImages) -> None:
    await put(public.storage, "images/a b.png", some_image())

    assert await public.storage.link("images/a b.png") == "https://cdn.example/darkroom/images/a%20b.png"
    assert s3.get("images/a b.png").headers["cache-control"] == "public, max-age=31536000, immutable"
