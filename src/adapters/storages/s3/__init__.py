"""Images in a bucket of Amazon S3, or of an S3-compatible server."""

from darkroom.adapters.storages.s3.client import Addressing, S3Client, S3Keys, open_s3_client
from darkroom.adapters.storages.s3.features import Wanted
from darkroom.adapters.storages.s3.links import PresignedLinks, PublicLinks
from darkroom.adapters.storages.s3.storage import S3ImageStorage

__all__ = [
    "Addressing",
    "PresignedLinks",
    "PublicLinks",
    "S3Client",
    "S3ImageStorage",
    "S3Keys",
    "Wanted",
    "open_s3_client",
]
