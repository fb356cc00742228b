"""Servers that lack features of S3: which features are left out, and what still works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from darkroom.adapters.conformance import Read, StorageContract, all_keys, new_key, put, some_image
from darkroom.adapters.storages.s3 import PresignedLinks, S3ImageStorage, open_s3_client
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.image_file import MediaType
from servers.s3 import Credentials
from simulators.s3 import S3StandIn

OpenStorage = Callable[..., AbstractAsyncContextManager[S3ImageStorage]]

SERVERS: dict[str, dict[str, Any]] = {
    "all of it": {},
    "Backblaze B2": {"conditions": "501", "checksums": "400", "missing_is_told": True},
    "no checksums": {"checksums": "400"},
    "no conditions": {"conditions": "501"},
    "conditions passed over": {"conditions": "ignored"},
    "501 for both": {"conditions": "501", "checksums": "501"},
}
LEFT_OUT = {
    "all of it": "",
    "Backblaze B2": ", without If-None-Match and x-amz-checksum-sha256",
    "no checksums": ", without x-amz-checksum-sha256",
    "no conditions": ", without If-None-Match",
    "conditions passed over": ", without If-None-Match",
    "501 for both": ", without If-None-Match and x-amz-checksum-sha256",
}


PASSING = ("RequestTimeout", "IncompleteBody", "BadDigest", "SlowDown")

# A separate test checks that each is detected; the whole contract is checked with the two that differ most.
DIFFERENT = ("all of it", "501 for both")


@pytest.fixture(params=[pytest.param(name, marks=() if name in DIFFERENT else pytest.mark.long) for name in SERVERS])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[S3StandIn]:
    async with S3StandIn(**SERVERS[request.param]) as server:
        yield server


@pytest.fixture
async def storage(server: S3StandIn, open_storage: OpenStorage) -> AsyncIterator[S3ImageStorage]:
    async with open_storage(server.url, Credentials()) as storage:
        yield storage


class TestServersThatDoNotKnowAllOfS3(StorageContract):
    pass


@pytest.mark.parametrize("name", SERVERS)
async def test_missing_features_are_detected_and_logged_once(
    open_storage: OpenStorage, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.WARNING)
    async with S3StandIn(**SERVERS[name]) as server, open_storage(server.url, Credentials()) as storage:
        said = await storage.check()
        await put(storage, new_key(), some_image())
        await put(storage, new_key(), some_image())
        assert said == f"keeps images in the bucket darkroom at {server.url}{LEFT_OUT[name]}"
        assert len(server.objects) == 2, "the objects of the trial must be removed"
    assert len(caplog.records) == bool(LEFT_OUT[name]), [record.getMessage() for record in caplog.records]


async def test_missing_features_are_detected_once_before_the_first_upload(open_storage: OpenStorage) -> None:
    async with S3StandIn(**SERVERS["Backblaze B2"]) as server, open_storage(server.url, Credentials()) as storage:
        keys = [new_key() for _ in range(5)]
        await asyncio.gather(*(put(storage, key, some_image()) for key in keys))
        assert sorted(server.objects) == sorted(keys)
        server.requests.clear()
        await put(storage, new_key(), some_image())
        assert [request.method for request in server.requests] == ["HEAD", "PUT", "GET"]


async def test_the_next_process_tries_the_features_again(open_storage: OpenStorage) -> None:
    async with S3StandIn(conditions="501", checksums="501") as server:
        async with open_storage(server.url, Credentials()) as storage:
            await put(storage, new_key(), some_image())
        server.conditions = server.checksums = "hold"
        async with open_storage(server.url, Credentials()) as storage:
            assert "without" not in await storage.check()


@pytest.mark.parametrize(
    "trouble",
    [
        (400, "InvalidRequest"),
        (403, "AccessDenied"),
        (500, "InternalError"),
        (503, "SlowDown"),
        *((400, code, "x-amz-checksum-sha256: it was read, and then nothing more") for code in PASSING),
    ],
)
async def test_no_other_error_counts_as_a_missing_feature(
    open_storage: OpenStorage, trouble: tuple[int, str] | tuple[int, str, str]
) -> None:
    async with S3StandIn(error=trouble) as server, open_storage(server.url, Credentials()) as storage:
        for _ in range(2):
            with pytest.raises(StorageFault):
                await put(storage, new_key(), some_image())
        server.error = None
        assert "without" not in await storage.check()


async def test_the_features_of_a_server_that_was_away_are_tried_when_it_is_back(open_storage: OpenStorage) -> None:
    async with S3StandIn() as first:
        port = first.port
    async with open_storage(f"http://127.0.0.1:{port}", Credentials()) as storage:
        with pytest.raises(StorageFault, match="cannot be reached"):
            await storage.check()
        async with S3StandIn(**SERVERS["Backblaze B2"], port=port) as server:
            key = new_key()
            await put(storage, key, some_image())
            assert list(server.objects) == [key]


@pytest.mark.parametrize(
    ("server", "settings", "fault"),
    [
        ({"conditions": "501"}, {"conditions": "true"}, "501 NotImplemented"),
        ({"conditions": "ignored"}, {"conditions": "true"}, "DARKROOM_S3_CONDITIONAL_WRITES must not be true"),
        ({"checksums": "400"}, {"checksums": "true"}, "400 InvalidRequest: Unsupported header"),
    ],
    ids=["conditions", "conditions passed over", "checksums"],
)
async def test_a_feature_that_a_setting_requires_is_not_left_out(
    open_storage: OpenStorage, server: dict[str, Any], settings: dict[str, str], fault: str
) -> None:
    async with S3StandIn(**server) as stand_in, open_storage(stand_in.url, Credentials(), **settings) as storage:
        with pytest.raises(StorageFault, match=fault):
            await storage.check()
        assert stand_in.objects == {}


async def test_a_feature_that_is_switched_off_is_never_used(open_storage: OpenStorage) -> None:
    off = {"conditions": "false", "checksums": "false"}
    async with S3StandIn() as server, open_storage(server.url, Credentials(), **off) as storage:
        assert (await storage.check()).endswith("without If-None-Match and x-amz-checksum-sha256")
        await put(storage, new_key(), some_image())
        for request in server.asked("PUT"):
            assert "If-None-Match" not in request.headers
            assert "x-amz-checksum-sha256" not in request.headers


async def test_without_checksums_changed_bytes_are_refused_by_the_signed_hash(open_storage: OpenStorage) -> None:
    async with S3StandIn(checksums="400") as server, open_storage(server.url, Credentials()) as storage:
        await storage.check()
        connections = storage._direct._connections  # noqa: SLF001  # what lies between us and the server
        send = connections.send

        async def change(request: Any) -> Any:  # noqa: ANN401  # botocore's
            if request.method == "PUT":
                request.body = some_image(seed=1)
            return await send(request)

        connections.send = change
        with pytest.raises(StorageFault, match="XAmzContentSHA256Mismatch"):
            await put(storage, new_key(), some_image())
        assert server.objects == {}


async def test_a_server_that_requires_the_bucket_in_the_host_is_addressed_so(
    monkeypatch: pytest.MonkeyPatch, read: Read
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    async with S3StandIn(by_host=True) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url)  # so that any host leads there
        async with open_s3_client(region="mars-1", endpoint_url="http://s3.mars-1.example", trust_env=True) as client:
            links = PresignedLinks(client, "darkroom", 60)
            storage = S3ImageStorage(client, bucket="darkroom", prefix="images/", links=links)
            assert (await storage.check()).startswith("keeps images")
            key = new_key()
            await put(storage, key, some_image())
            link = await storage.link(key)
            assert await all_keys(storage) == [key]
        assert link.startswith(f"http://darkroom.s3.mars-1.example/{key}?")
        assert server.objects == {key: (some_image(), MediaType.PNG)}
        assert {request.host for request in server.asked("PUT")} == {"darkroom.s3.mars-1.example"}
