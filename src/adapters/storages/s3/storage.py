"""Keeps images in a bucket."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from botocore.exceptions import ClientError

from darkroom.adapters.storages.s3.client import S3Client
from darkroom.adapters.storages.s3.direct import DirectBucket
from darkroom.adapters.storages.s3.faults import Bucket
from darkroom.adapters.storages.s3.links import S3Links
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.ports import ImageStorage
from darkroom.domain.use_cases.patience import pauses

_PROBE: Final = b"written to see whether images could be kept here"


class S3ImageStorage(ImageStorage):
    """Images under `prefix` in a bucket. What else lies in the bucket is neither listed nor touched."""

    def __init__(self, client: S3Client, *, bucket: str, prefix: str, links: S3Links, deadline: float = 20.0) -> None:
        """`deadline`: seconds that one call may take, its retries included."""
        self._client, self._prefix = client, prefix
        self._links, self._deadline = links, deadline
        self._direct = DirectBucket(client, bucket)
        self._bucket = Bucket(bucket, client.meta.endpoint_url, client.meta.region_name)

    async def put(self, image: StoredImage, data: bytes) -> None:
        await self._put(image.key, data, image.media_type, bytes.fromhex(image.sha256))

    async def link(self, key: str) -> str:
        async with self._faults():
            return await self._links(key)

    async def delete(self, key: str) -> None:
        async with self._faults():
            await self._client.delete_object(Bucket=self._bucket.name, Key=key)

    async def keys(self) -> AsyncIterator[str]:
        onwards: dict[str, str] | None = {}
        while onwards is not None:
            async with self._faults():
                page = await self._client.list_objects_v2(Bucket=self._bucket.name, Prefix=self._prefix, **onwards)
                keys = [found["Key"] for found in page.get("Contents", ())]
                onwards = {"ContinuationToken": page["NextContinuationToken"]} if page["IsTruncated"] else None
            for key in keys:
                yield key

    async def check(self) -> str:
        probe = f"{self._prefix}check-{uuid4()}.{MediaType.PNG.ending}"
        try:
            await self._prove(probe)
        except StorageFault:
            with suppress(StorageFault):
                await self.delete(probe)
            raise
        await self.delete(probe)
        return f"keeps images in {self._bucket}"

    async def _prove(self, probe: str) -> None:
        await self._put(probe, _PROBE, MediaType.PNG, hashlib.sha256(_PROBE).digest())
        async with self._faults():
            # Links open only what these credentials may read.
            if not await self._holds(probe, _PROBE):
                raise StorageFault(f"{self._bucket} does not give back what was put there")

    async def _put(self, key: str, data: bytes, media_type: MediaType, sha256: bytes) -> None:
        headers = {
            "Cache-Control": self._links.cache_control,
            "Content-Type": media_type.value,
            "If-None-Match": "*",
            "x-amz-checksum-sha256": b64encode(sha256).decode(),
        }
        async with self._faults():
            waits = pauses()
            while not await self._kept(key, data, headers):  # noqa: ASYNC110  # S3 calls nobody back
                await asyncio.sleep(next(waits))

    async def _kept(self, key: str, data: bytes, headers: Mapping[str, str]) -> bool:
        """Upload it, unless it is there. False where another upload under this key is just under way."""
        try:
            etag = await self._direct.put(key, data, headers)
        except ClientError as error:
            match error.response["ResponseMetadata"]["HTTPStatusCode"]:
                case HTTPStatus.CONFLICT:
                    return False
                case HTTPStatus.PRECONDITION_FAILED if await self._holds(key, data):
                    return True  # our own: the answer to an earlier upload was lost on its way
                case HTTPStatus.PRECONDITION_FAILED:
                    raise StorageFault(f"other bytes are kept under {key} in {self._bucket}") from error
                case _:
                    raise
        if not etag:  # what says yes to everything must not cost an image
            raise StorageFault(f"what answers at {self._bucket.endpoint_url} is no S3 server")
        return True

    async def _holds(self, key: str, data: bytes) -> bool:
        """Whether these very bytes lie there. Read, since not every server keeps checksums."""
        answer = await self._client.get_object(Bucket=self._bucket.name, Key=key)
        async with answer["Body"] as body:
            return bool(answer["ContentLength"] == len(data) and await body.read() == data)

    def _faults(self) -> AbstractAsyncContextManager[None]:
        return self._bucket.faults(self._deadline)
