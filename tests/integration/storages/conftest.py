from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import httpx
import pytest

from darkroom.adapters.conformance import Read
from darkroom.adapters.storages.s3 import PresignedLinks, S3ImageStorage, Wanted, open_s3_client
from integration.http.house import NO_AUTHORITIES
from servers.s3 import Credentials, S3Server

OpenStorage: TypeAlias = Callable[..., AbstractAsyncContextManager[S3ImageStorage]]


@pytest.fixture
def open_storage(monkeypatch: pytest.MonkeyPatch) -> OpenStorage:
    """Opens the storage as an operator configures it."""

    @asynccontextmanager
    async def open_storage(
        endpoint_url: str,
        credentials: Credentials,
        *,
        bucket: str = S3Server.bucket,
        prefix: str = "images/",
        ttl: int = 60,
        deadline: float = 20.0,
        region: str = S3Server.region,
        conditions: Wanted = "auto",
        checksums: Wanted = "auto",
    ) -> AsyncIterator[S3ImageStorage]:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
        async with open_s3_client(region=region, endpoint_url=endpoint_url) as client:
            yield S3ImageStorage(
                client,
                bucket=bucket,
                prefix=prefix,
                links=PresignedLinks(client, bucket, ttl),
                deadline=deadline,
                conditions=conditions,
                checksums=checksums,
            )

    return open_storage


@pytest.fixture
async def read() -> AsyncIterator[Read]:
    """Opens links as a browser does, without credentials."""
    async with httpx.AsyncClient(trust_env=False, verify=NO_AUTHORITIES) as http:

        async def read(link: str) -> tuple[bytes, str]:
            answer = await http.get(link)
            if answer.is_client_error:
                raise LookupError(answer.text)
            return answer.raise_for_status().content, answer.headers["Content-Type"]

        yield read
