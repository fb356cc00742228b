from __future__ import annotations

import asyncio

import pytest

from darkroom.adapters.storages.s3 import client as s3
from darkroom.adapters.storages.s3.direct import DirectBucket
from unit.provider_http.wire import wire


async def test_after_a_pause_no_request_uses_an_old_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_READ_TIMEOUT", 0.2)
    length = 1_000_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + bytes(length)
    keys = s3.S3Keys("key", "secret")
    async with wire(answer) as server, s3.open_s3_client(region="a", endpoint_url=server.origin, keys=keys) as client:
        bucket = DirectBucket(client, "bucket")
        for _ in range(2):
            assert await bucket.get("images/a.png", length) == bytes(length)
            await asyncio.sleep(0.15)

    assert len(server.heard) == server.connections == 2
