"""Links to images in a bucket."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, TypeAlias
from urllib.parse import quote

from darkroom.adapters.link_times import rounded
from darkroom.adapters.storages.s3.client import S3Client
from darkroom.adapters.storages.s3.direct import AS_SET, DirectBucket, Whereabouts
from darkroom.domain.model.file_name import FileName


def _now() -> datetime:
    return datetime.now(UTC)


class PresignedLinks:
    """Links to images in a private bucket, valid until they or the temporary credentials that signed them expire."""

    def __init__(self, client: S3Client, bucket: str, ttl: int, clock: Callable[[], datetime] = _now) -> None:
        """`client` has the endpoint that readers use; `ttl` is in seconds, at most 604,800 (seven days, SigV4)."""
        self._bucket, self._ttl, self._clock = DirectBucket(client, bucket), ttl, clock
        # Not longer than the shortest remaining time of a new link.
        self.cache_control = f"private, max-age={ttl // 2}, immutable"

    async def __call__(self, key: str, whereabouts: Whereabouts = AS_SET, name: FileName | None = None) -> str:
        """Return a link to a key, which is saved under `name`, if given; `whereabouts` as in `DirectBucket`."""
        return await self._bucket.link(
            key,
            self._ttl,
            whereabouts,
            moment=rounded(self._clock(), timedelta(seconds=self._ttl)),
            disposition=None if name is None else name.disposition,
        )


@dataclass(frozen=True, slots=True)
class PublicLinks:
    """Links to images in a public bucket or behind a CDN. `base_url` has no slash at its end."""

    cache_control: ClassVar = "public, max-age=31536000, immutable"

    base_url: str

    async def __call__(self, key: str, whereabouts: Whereabouts = AS_SET, name: FileName | None = None) -> str:
        """Return the link to a key; `name` has no effect."""
        del whereabouts, name
        return f"{self.base_url}/{quote(key)}"


S3Links: TypeAlias = PresignedLinks | PublicLinks
