"""Settings of the storage: where images are kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.loopback import is_loopback
from darkroom.entrypoints.settings.setting import Secret, Setting

_CHAIN: Final = "from botocore's usual chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """The storage, the lifetime of its links, and previews."""

    kind: Annotated[
        str, Setting("DARKROOM_STORAGE", read.name, "where images are kept: `disk`, `s3`, or a plugin's name")
    ] = "disk"
    # AWS allows at most seven days for a presigned link.
    link_ttl: Annotated[
        int,
        Setting(
            "DARKROOM_LINK_TTL",
            read.whole(1, 604_800),
            "the longest life of a signed link, in seconds; it lives at least half as long",
        ),
    ] = 3600
    previews: Annotated[
        Literal["auto", "true", "false"],
        Setting(
            "DARKROOM_PREVIEWS",
            read.one_of("auto", "true", "false"),
            "whether a small copy for lists is stored beside each image; `auto`: if the extra `previews` is installed",
        ),
    ] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """S3: the bucket and its endpoint. Without keys here, credentials come from botocore's usual chain: a role, ..."""

    bucket: Annotated[str, Setting("DARKROOM_S3_BUCKET", read.bucket, "the bucket")]
    prefix: Annotated[str, Setting("DARKROOM_S3_PREFIX", read.key_prefix, "the beginning of the keys of images")] = (
        "images/"
    )
    region: Annotated[str, Setting("DARKROOM_S3_REGION", read.region, "the bucket's region")] = "ap-northeast-2"
    endpoint_url: Annotated[
        str | None,
        Setting("DARKROOM_S3_ENDPOINT_URL", read.web_url, "an S3-compatible server", "AWS", confidential=True),
    ] = None
    public_endpoint_url: Annotated[
        str | None,
        Setting(
            "DARKROOM_S3_PUBLIC_ENDPOINT_URL",
            read.web_url,
            "the address that links are signed for, if clients use another one",
            "the same",
            confidential=True,
        ),
    ] = None
    addressing: Annotated[
        Literal["auto", "path", "virtual"],
        Setting(
            "DARKROOM_S3_ADDRESSING",
            read.one_of("auto", "path", "virtual"),
            "whether the bucket is in the path or in the host",
        ),
    ] = "auto"
    conditional_writes: Annotated[
        Literal["auto", "true", "false"],
        Setting(
            "DARKROOM_S3_CONDITIONAL_WRITES",
            read.one_of("auto", "true", "false"),
            "whether uploads have `If-None-Match`; `auto` finds out at the start whether the server knows it",
        ),
    ] = "auto"
    checksums: Annotated[
        Literal["auto", "true", "false"],
        Setting(
            "DARKROOM_S3_CHECKSUMS",
            read.one_of("auto", "true", "false"),
            "whether uploads have `x-amz-checksum-sha256`; `auto` finds out at the start whether the server knows it",
        ),
    ] = "auto"
    access_key: Annotated[
        Secret | None, Setting("AWS_ACCESS_KEY_ID", read.api_key, "the key of an account", _CHAIN, confidential=True)
    ] = None
    secret_key: Annotated[
        Secret | None, Setting("AWS_SECRET_ACCESS_KEY", read.secret, "its secret key", _CHAIN, confidential=True)
    ] = None
    session_token: Annotated[
        Secret | None,
        Setting("AWS_SESSION_TOKEN", read.api_key, "the token of temporary keys", "none", confidential=True),
    ] = None
    public_base_url: Annotated[
        str | None,
        Setting(
            "DARKROOM_S3_PUBLIC_BASE_URL",
            read.web_url,
            "if set, a link is this and the key (public bucket, CDN)",
            "links are presigned",
            confidential=True,
        ),
    ] = None

    def problems(self) -> Iterator[str]:
        """Yield a line for each contradiction among these settings."""
        if (self.access_key is None) != (self.secret_key is None):
            here, missing = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
            if self.access_key is None:
                here, missing = missing, here
            yield f"{missing} is missing: {here} is set, and one is of no use without the other"

    @property
    def in_plain_text(self) -> Iterator[str]:
        """The names of settings whose URLs use plain http to another machine."""
        for name, url in (
            ("DARKROOM_S3_ENDPOINT_URL", self.endpoint_url),
            ("DARKROOM_S3_PUBLIC_ENDPOINT_URL", self.public_endpoint_url),
            ("DARKROOM_S3_PUBLIC_BASE_URL", self.public_base_url),
        ):
            parts = urlsplit(url or "")
            if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
                yield name


# The settings groups of storages, by name.
STORAGE_GROUPS: Final[Mapping[str, type]] = {"s3": S3Settings}
