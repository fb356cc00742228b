"""A storage in an S3 bucket."""

import asyncio
import hashlib
import logging
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from http import HTTPStatus
from typing import Final
from uuid import uuid4
from weakref import WeakValueDictionary

from botocore.exceptions import ClientError

from darkroom.adapters.storages.s3.client import S3Client
from darkroom.adapters.storages.s3.direct import DirectBucket
from darkroom.adapters.storages.s3.faults import Bucket, status_of
from darkroom.adapters.storages.s3.features import Features, Wanted, candidates, wants_the_host
from darkroom.adapters.storages.s3.links import S3Links
from darkroom.domain.model.errors import StorageFault, StorageRefused
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.ports import ImageStorage
from darkroom.domain.use_cases.patience import pauses

log = logging.getLogger(__name__)

_PROBE: Final = b"written to see whether images could be kept here"
_NOT_THERE: Final = {"NoSuchKey", "AccessDenied"}
"""The error codes for a missing object; the second one if the credentials may not list the bucket."""
_PROBE_SHA256: Final = hashlib.sha256(_PROBE).digest()


class S3ImageStorage(ImageStorage):
    """Keeps images under `prefix` in a bucket. Other objects in the bucket are neither listed nor changed.

    The features that not all servers support are tried before the first upload, and by `check`, with a small object
    that is then removed. In a bucket without permission to delete, one such object stays, always under the same key.
    """

    def __init__(
        self,
        client: S3Client,
        *,
        bucket: str,
        prefix: str,
        links: S3Links,
        deadline: float = 20.0,
        conditions: Wanted = "auto",
        checksums: Wanted = "auto",
    ) -> None:
        """`deadline`: seconds for one call, including retries.

        `conditions` and `checksums`: whether uploads include `If-None-Match` and `x-amz-checksum-sha256`.
        """
        self._prefix, self._links, self._deadline = prefix, links, deadline
        self._direct = DirectBucket(client, bucket)
        self._bucket = Bucket(bucket, client.meta.endpoint_url, client.meta.region_name)
        self._lasting_probe = f"{prefix}check.{MediaType.PNG.ending}"
        self._candidates = list(candidates(conditions, checksums))
        self._features = self._candidates[0] if len(self._candidates) == 1 else None
        self._finding_out = asyncio.Lock()
        # An upload without a condition checks its key before and after, so uploads to one key must not overlap.
        self._at_work: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def put(self, image: StoredImage, data: bytes) -> None:
        features = self._features or await self._known()
        async with self._faults():
            await self._put(image.key, data, image.media_type, bytes.fromhex(image.sha256), features)

    async def holds(self, image: StoredImage) -> bool:
        async with self._faults():
            try:
                return await self._direct.holds(image.key, image.length, image.sha256)
            except ClientError as refusal:
                # Only a missing object means False; an error of the credentials or the bucket does not.
                if refusal.response["Error"].get("Code") in _NOT_THERE:
                    return False
                raise

    async def get(self, image: StoredImage) -> bytes:
        async with self._faults():
            data = await self._direct.get(image.key, image.length)
            if data is None or hashlib.sha256(data).hexdigest() != image.sha256:
                raise StorageFault(f"{image.key} is not complete in {self._bucket}")
            return data

    async def link(self, key: str) -> str:
        async with self._faults():
            return await self._links(key, self._direct.whereabouts)

    async def download_link(self, key: str, name: FileName) -> str:
        async with self._faults():
            return await self._links(key, self._direct.whereabouts, name)

    async def delete(self, key: str) -> None:
        async with self._faults():
            await self._direct.delete(key)

    async def keys(self) -> AsyncIterator[str]:
        after: str | None = ""
        while after is not None:
            async with self._faults():
                keys, after = await self._direct.page(self._prefix, after)
            for key in keys:
                if key != self._lasting_probe:
                    yield key

    async def check(self) -> str:
        async with self._finding_out:
            features, stays = await self._found_out()
        said = [f"keeps images in {self._bucket}"]
        if features.left_out:
            said.append(f"without {' and '.join(features.left_out)}")
        if stays:
            said.append(f"where nothing may be deleted, so that {self._lasting_probe} stays")
        return ", ".join(said)

    async def _known(self) -> Features:
        async with self._finding_out:
            return self._features or (await self._found_out())[0]

    async def _found_out(self) -> tuple[Features, bool]:
        """Upload, read and remove a test object; return the features that the server supports.

        The second value is whether the test object stays, since nothing may be deleted.
        """
        probe = f"{self._prefix}check-{uuid4()}.{MediaType.PNG.ending}"
        async with self._faults():
            deletes = await self._may_delete(probe)
        if not deletes:
            probe = self._lasting_probe
        try:
            async with self._faults():
                features = await self._tried(probe)
        except StorageFault:
            if deletes:
                with suppress(StorageFault):
                    await self.delete(probe)
            raise
        if deletes:
            await self.delete(probe)
        if features != self._features:
            self._features = features
            self._report(features)
        return features, not deletes

    async def _may_delete(self, key: str) -> bool:
        """Return whether objects may be deleted, by deleting a key that was never used."""
        try:
            await self._direct.delete(key)
        except ClientError as refusal:
            if wants_the_host(refusal) and await self._direct.by_host():
                return await self._may_delete(key)
            if refusal.response["Error"].get("Code") != "AccessDenied":
                raise
            return False
        return True

    async def _tried(self, probe: str) -> Features:
        refusal: ClientError | None = None
        for features in self._candidates:
            try:
                if await self._works(features, probe):
                    return features
            except ClientError as refused:
                if not features.unknown(refused):
                    raise
                refusal = refused
        if refusal:
            raise refusal
        raise StorageRefused(
            f"{self._bucket} does not know conditional writes: DARKROOM_S3_CONDITIONAL_WRITES must not be true"
        )

    async def _works(self, features: Features, probe: str) -> bool:
        """Return whether the server honours these features.

        Raises:
            ClientError: it refused them; see `Features.unknown`.
            StorageFault: it does not return the object that was uploaded.
        """
        upload = partial(self._upload, probe, _PROBE, MediaType.PNG, _PROBE_SHA256, features)
        await upload()
        if features.conditions and await upload():
            return False  # it has overwritten the object
        # Also checks that the credentials may read, without which links would not work.
        if not await self._direct.holds(probe, len(_PROBE), _PROBE_SHA256.hex()):
            raise StorageFault(f"{self._bucket} does not return what was put there")
        return True

    def _report(self, features: Features) -> None:
        unknown = [name for name in features.left_out if name in self._candidates[0].headers("")]
        if unknown:
            log.warning(
                "%s does not know %s: uploads do without until the next start; docs/needs.md says what is lost",
                *(self._bucket, " and ".join(unknown)),
            )

    async def _put(self, key: str, data: bytes, media_type: MediaType, sha256: bytes, features: Features) -> None:
        if features.conditions:
            # An existing object may be our own, if the response to an earlier upload was lost.
            kept = await self._upload(key, data, media_type, sha256, features) or await self._direct.holds(
                key, len(data), sha256.hex()
            )
        else:
            async with self._at_work.setdefault(key, asyncio.Lock()):
                if not await self._direct.has(key):
                    await self._upload(key, data, media_type, sha256, features)
                kept = await self._direct.holds(key, len(data), sha256.hex())
        if not kept:
            raise StorageFault(f"other bytes are kept under {key} in {self._bucket}")

    async def _upload(self, key: str, data: bytes, media_type: MediaType, sha256: bytes, features: Features) -> bool:
        """Upload an object; return False if uploads are conditional and the key exists."""
        headers = {
            "Cache-Control": self._links.cache_control,
            "Content-Type": media_type.value,
            **features.headers(b64encode(sha256).decode()),
        }
        waits = pauses()
        while True:
            try:
                etag = await self._direct.put(key, data, headers, sha256.hex())
            except ClientError as refusal:
                match status_of(refusal):
                    case HTTPStatus.CONFLICT:  # another upload to this key is in progress
                        await asyncio.sleep(next(waits))
                    case HTTPStatus.PRECONDITION_FAILED:
                        return False
                    case _:
                        raise
            else:
                if not etag:  # a server that answers 200 to everything must not cost an image
                    raise StorageRefused(f"what answers at {self._bucket.endpoint_url} is not an S3 server")
                return True

    def _faults(self) -> AbstractAsyncContextManager[None]:
        return self._bucket.faults(self._deadline)
