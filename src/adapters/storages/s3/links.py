"""How an image in a bucket is read by others."""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias
from urllib.parse import quote

from darkroom.adapters.storages.s3.client import S3Client
from darkroom.adapters.storages.s3.direct import AS_SET, DirectBucket, Whereabouts


class PresignedLinks:
    """Links that open a private bucket's images, until they or the temporary credentials that signed them expire."""

    cache_control: ClassVar = "private, max-age=31536000, immutable"

    def __init__(self, client: S3Client, bucket: str, ttl: int) -> None:
        """`client`: one for the address that readers see; `ttl`: seconds, at most 604,800: seven days (SigV4)."""
        self._bucket, self._ttl = DirectBucket(client, bucket), ttl

    async def __call__(self, key: str, whereabouts: Whereabouts = AS_SET) -> str:
        """The link to a key, signed now; `whereabouts` of its bucket as the server said."""
        return await self._bucket.link(key, self._ttl, whereabouts)


@dataclass(frozen=True, slots=True)
class PublicLinks:
    """Links to images that anyone may read: in a public bucket, or through a CDN. `base_url` ends without a slash."""

    cache_control: ClassVar = "public, max-age=31536000, immutable"

    base_url: str

    async def __call__(self, key: str, whereabouts: Whereabouts = AS_SET) -> str:
        """The link to a key."""
        del whereabouts
        return f"{self.base_url}/{quote(key)}"


S3Links: TypeAlias = PresignedLinks | PublicLinks
