"""A bucket, reached without the long way through botocore's client.

The credentials, the connections and what address stands for a bucket are botocore's own. What its client does besides
for each call (events, endpoint rules, checks of parameters, a name for itself) takes more CPU time than the upload:
`docs/performance.md`.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Self, cast
from urllib.parse import quote, urlsplit

from aiobotocore.parsers import create_parser
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  # botocore's name for it

from darkroom.adapters.storages.s3.body import InPieces
from darkroom.adapters.storages.s3.client import S3Client
from darkroom.adapters.storages.s3.signature import Signer
from darkroom.adapters.watching.trace_context import trace_headers
from darkroom.domain.use_cases.patience import pauses

_ANY_KEY: Final = "key"


class DirectBucket:
    """Uploads to a bucket, and links to what is in it, as `client` would make them.

    Every method may raise `BotoCoreError` and `ValueError`, where there is nothing to sign with.
    """

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket
        # Nothing public leads to these two.
        self._credentials = cast("Any", client)._request_signer._credentials  # noqa: SLF001
        self._connections = cast("Any", client)._endpoint.http_session  # noqa: SLF001
        self._bucket_address: _Address | None = None

    async def put(self, key: str, image: bytes, headers: Mapping[str, str]) -> str | None:
        """Upload an object with these headers, and give its ETag, where the answer has one.

        Raises:
            ClientError: S3 said no.
            BotoCoreError: S3 cannot be reached.
        """
        try:
            answer = await self._put(key, image, headers)
        except (ConnectionError, HTTPClientError):  # as of a connection of the pool that died meanwhile
            answer = await self._put(key, image, headers)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            await asyncio.sleep(next(pauses()))
            answer = await self._put(key, image, headers)
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise ClientError(await self._refusal(answer), "PutObject")
        return cast("str | None", answer.headers.get("etag"))

    async def link(self, key: str, ttl: int) -> str:
        """A URL that opens an object for so many seconds."""
        address, name = await self._address(), _escaped(key)
        signer = await self._signer()
        return f"{address.url}{name}?{signer.query(address.host, address.path + name, ttl)}"

    async def _put(self, key: str, image: bytes, headers: Mapping[str, str]) -> Any:  # noqa: ANN401  # not typed
        address, name = await self._address(), _escaped(key)
        signer = await self._signer()
        # Whoever stands between may change what is not signed.
        free = {"User-Agent": "Darkroom", "Content-Length": str(len(image)), **trace_headers()}
        signed = signer.headers("PUT", address.host, address.path + name, headers)
        request = AWSPreparedRequest("PUT", address.url + name, free | signed, InPieces(image), stream_output=False)
        return await self._connections.send(request)

    async def _signer(self) -> Signer:
        credentials = await self._credentials.get_frozen_credentials()
        return Signer(credentials, self._client.meta.region_name, datetime.now(UTC))

    async def _refusal(self, answer: Any) -> dict[str, Any]:  # noqa: ANN401  # not typed
        said = {"status_code": answer.status_code, "headers": answer.headers, "body": await answer.content}
        shape = cast("Any", self._client).meta.service_model.operation_model("PutObject").output_shape
        return cast("dict[str, Any]", await create_parser("rest-xml").parse(said, shape))

    async def _address(self) -> "_Address":
        if self._bucket_address is None:
            # Which host and path stand for a bucket is botocore's to say: there are many rules.
            link = await self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": _ANY_KEY}, ExpiresIn=1
            )
            self._bucket_address = _Address.read(link.partition("?")[0].removesuffix(_ANY_KEY))
        return self._bucket_address


class _Address(NamedTuple):
    """Where a bucket is, up to the names of what is in it; `host` and `path` as a signature covers them."""

    url: str
    host: str
    path: str

    @classmethod
    def read(cls, url: str) -> Self:
        """Take a URL apart; the header `Host` leaves a port out that goes without saying."""
        parts = urlsplit(url)
        return cls(url, parts.netloc.removesuffix({"http": ":80", "https": ":443"}[parts.scheme]), parts.path)


def _escaped(key: str) -> str:
    return quote(key, safe="/~")
