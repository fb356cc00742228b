"""The storage with Ceph's RADOS Gateway, a second independent server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager

import pytest

from darkroom.adapters.conformance import StorageContract, new_key, put, some_image
from darkroom.adapters.storages.s3 import S3ImageStorage
from darkroom.domain.model.errors import StorageFault
from servers.ceph import CephServer
from servers.s3 import Credentials

OpenStorage = Callable[..., AbstractAsyncContextManager[S3ImageStorage]]

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def ceph_server() -> Iterator[CephServer]:
    with CephServer() as server:
        yield server


@pytest.fixture
def ceph(ceph_server: CephServer) -> CephServer:
    """The gateway with an empty bucket."""
    ceph_server.empty()
    return ceph_server


@pytest.fixture
async def storage(ceph: CephServer, open_storage: OpenStorage) -> AsyncIterator[S3ImageStorage]:
    async with open_storage(ceph.endpoint_url, ceph.service, region=ceph.region) as storage:
        yield storage


class TestCeph(StorageContract):
    pass


async def test_it_supports_every_feature_that_is_used(ceph: CephServer, storage: S3ImageStorage) -> None:
    assert await storage.check() == f"keeps images in the bucket darkroom at {ceph.endpoint_url}"


async def test_bytes_that_change_on_their_way_are_refused(ceph: CephServer, open_storage: OpenStorage) -> None:
    async with open_storage(ceph.endpoint_url, ceph.service, region=ceph.region, checksums="false") as storage:
        await storage.check()
        key = new_key()
        send = storage._direct._connections.send  # noqa: SLF001  # what lies between us and the server

        async def change(request: object) -> object:
            request.body = some_image(seed=1)  # type: ignore[attr-defined]  # botocore's
            return await send(request)

        storage._direct._connections.send = change  # noqa: SLF001
        with pytest.raises(StorageFault, match="XAmzContentSHA256Mismatch"):
            await put(storage, key, some_image())


async def test_a_key_that_is_not_known_is_refused(ceph: CephServer, open_storage: OpenStorage) -> None:
    async with open_storage(ceph.endpoint_url, Credentials(), region=ceph.region) as storage:
        with pytest.raises(StorageFault, match="the credentials are refused"):
            await storage.check()
