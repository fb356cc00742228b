"""A bucket, reached without the long way through botocore's client.

The credentials, the connections and what address stands for a bucket are botocore's own. What its client does besides
for each call (events, endpoint rules, checks of parameters, a name for itself) takes more CPU time than the upload:
`docs/performance.md`.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any, ClassVar, Final, NamedTuple, cast
from urllib.parse import quote, unquote_plus, urlencode

from aiobotocore.parsers import create_parser
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  # botocore's name for it

from darkroom.adapters.storages.s3.address import Address, is_region
from darkroom.adapters.storages.s3.body import InPieces
from darkroom.adapters.storages.s3.client import S3Client
from darkroom.adapters.storages.s3.faults import lies_elsewhere, status_of, worth_another_try
from darkroom.adapters.storages.s3.signature import Signer
from darkroom.adapters.watching.trace_context import trace_headers
from darkroom.domain.use_cases.patience import pauses

log = logging.getLogger(__name__)

_ANY_KEY: Final = "key"
_ERROR: Final = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]")  # how the XML of an error begins
_NO_BODY: Final = sha256(b"").hexdigest()


class Whereabouts(NamedTuple):
    """What a server said of where its bucket is, other than it was set."""

    region: str | None = None
    by_host: bool = False


AS_SET: Final = Whereabouts()


class _Request(NamedTuple):
    operation: str
    method: str
    key: str = ""
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    sha256: str = _NO_BODY
    stream: bool = False


class DirectBucket:
    """What is in a bucket, and links to it, as `client` would make them.

    No redirect is followed but S3's own into the bucket's region at the same provider, once and signed anew.

    Every method but `link` may raise `ClientError`: S3 said no. Every one may raise `BotoCoreError` (S3 cannot be
    reached, there is nothing to sign with), and `ValueError` and `LookupError` for what no S3 server answers.
    """

    PAGE: ClassVar = 1000
    """Keys in a page at most, as S3 has it."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket
        # Nothing public leads to these two.
        self._credentials = cast("Any", client)._request_signer._credentials  # noqa: SLF001
        self._connections = cast("Any", client)._endpoint.http_session  # noqa: SLF001
        self._as_set: Address | None = None
        self.whereabouts = AS_SET

    async def put(self, key: str, image: bytes, headers: Mapping[str, str], sha256: str) -> str | None:
        """Upload an object with these headers, and give its ETag, where the answer has one.

        `sha256`, hexadecimal, is what its bytes must have: it is signed, and S3 refuses others.
        """
        answer = await self._answer(_Request("PutObject", "PUT", key, headers=headers, body=image, sha256=sha256))
        return cast("str | None", answer.headers.get("etag"))

    async def has(self, key: str) -> bool:
        """Whether there is an object. Who may not list the bucket gets 403 for one that is not there."""
        try:
            await self._answer(_Request("HeadObject", "HEAD", key))
        except ClientError as error:
            if status_of(error) in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
                return False
            raise
        return True

    async def holds(self, key: str, length: int, sha256: str) -> bool:
        """Whether the bytes of that SHA-256 lie there. Read, since not every server keeps checksums."""
        data = await self.get(key, length)
        return data is not None and hashlib.sha256(data).hexdigest() == sha256

    async def get(self, key: str, length: int) -> bytes | None:
        """The bytes of an object; None without reading it if the server says that they are not `length` many."""
        answer = await self._answer(_Request("GetObject", "GET", key, stream=True))
        if answer.headers.get("content-length", str(length)) != str(length):
            answer.raw.close()
            return None
        return cast("bytes", await answer.content)

    async def delete(self, key: str) -> None:
        """Remove an object, or one that is not there."""
        try:
            await self._answer(_Request("DeleteObject", "DELETE", key))
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchKey":  # which S3 itself does not say of a deletion
                raise

    async def page(self, prefix: str, after: str) -> tuple[list[str], str | None]:
        """Some keys that begin with `prefix`, and what to give as `after` for the next ones, if there are more.

        `after` is empty for the first. By the first version of this call, since not every server has the second.
        """
        marker = {"marker": after} if after else {}
        query = {"encoding-type": "url", **marker, "max-keys": str(self.PAGE), "prefix": prefix}
        request = _Request("ListObjects", "GET", query=urlencode(query, quote_via=quote, safe="~"))
        page = await self._read(await self._answer(request), request.operation, HTTPStatus.OK)
        keys = [found["Key"] for found in page.get("Contents", ())]
        if page.get("EncodingType") == "url":
            keys = [unquote_plus(key) for key in keys]
        return keys, keys[-1] if page["IsTruncated"] else None

    async def link(
        self,
        key: str,
        ttl: int,
        whereabouts: Whereabouts = AS_SET,
        *,
        moment: datetime,
        disposition: str | None = None,
    ) -> str:
        """A URL that opens an object for `ttl` seconds from a moment on.

        `whereabouts` as a server of the same provider said; `disposition`: the `Content-Disposition` of the answer.
        """
        address, name = await self._address(whereabouts), _escaped(key)
        signer = await self._signer(address, moment)
        return f"{address.url}{name}?{signer.query(address.host, address.path + name, ttl, disposition)}"

    async def by_host(self) -> bool:
        """Name the bucket in the host from now on, as some servers want it; False where that cannot be."""
        if self.whereabouts.by_host or cast("Any", self._client.meta).config.s3["addressing_style"] != "auto":
            return False
        if (await self._address(self.whereabouts)).by_host(self._bucket) is None:
            return False
        self.whereabouts = self.whereabouts._replace(by_host=True)
        return True

    async def _answer(self, request: _Request) -> Any:  # noqa: ANN401  # not typed
        here = self.whereabouts
        answer, refusal = await self._sent(request, here)
        if refusal and (region := await self._region_in(refusal, here)):
            there = here._replace(region=region)
            answer, refusal = await self._sent(request, there)
            if self.whereabouts == here and not (refusal and lies_elsewhere(refusal)):
                self.whereabouts = there
                log.warning("the bucket %s lies in the region %s: set DARKROOM_S3_REGION to it", self._bucket, region)
        if refusal:
            raise refusal
        return answer

    async def _sent(self, request: _Request, there: Whereabouts) -> tuple[Any, ClientError | None]:
        """The answer, and the refusal that it is, if it is one.

        Patience is the domain's, but a second try may do: each of these requests may be repeated.
        """
        try:
            answer = await self._sent_once(request, there)
        except (ConnectionError, HTTPClientError):  # as of a connection of the pool that died meanwhile
            answer = await self._sent_once(request, there)
        refusal = await self._refusal(answer, request)
        if refusal and worth_another_try(refusal):
            await asyncio.sleep(next(pauses()))
            answer = await self._sent_once(request, there)
            refusal = await self._refusal(answer, request)
        return answer, refusal

    async def _refusal(self, answer: Any, request: _Request) -> ClientError | None:  # noqa: ANN401  # not typed
        status = answer.status_code
        if status < HTTPStatus.MULTIPLE_CHOICES:
            if request.stream or not _ERROR.match(await answer.content):
                return None
            status = HTTPStatus.INTERNAL_SERVER_ERROR  # S3 had begun to answer when it failed; botocore does the same
        said = await self._read(answer, None, status)
        said["Error"] = {name: text or "" for name, text in said["Error"].items()}  # Ceph has no message for some
        return ClientError(said, request.operation)

    async def _sent_once(self, request: _Request, there: Whereabouts) -> Any:  # noqa: ANN401  # not typed
        address, name = await self._address(there), _escaped(request.key)
        signer = await self._signer(address, datetime.now(UTC))
        # A proxy may change what is not signed.
        free = {"User-Agent": "Darkroom", **trace_headers()}
        if request.body:
            free["Content-Length"] = str(len(request.body))
        path = address.path + name
        signed = signer.headers(
            request.method, address.host, path, request.headers, body=request.sha256, query=request.query
        )
        url = address.url + name + (f"?{request.query}" if request.query else "")
        body = InPieces(request.body) if request.body else None
        prepared = AWSPreparedRequest(request.method, url, free | signed, body, stream_output=request.stream)
        return await self._connections.send(prepared)

    async def _signer(self, address: Address, moment: datetime) -> Signer:
        credentials = await self._credentials.get_frozen_credentials()
        return Signer(credentials, address.region, moment)

    async def _read(self, answer: Any, operation: str | None, status: int) -> dict[str, Any]:  # noqa: ANN401  # not typed
        """What an answer says: of an error in any operation the same."""
        said = {"status_code": int(status), "headers": answer.headers, "body": await answer.content}
        model = cast("Any", self._client).meta.service_model
        shape = model.operation_model(operation).output_shape if operation else None
        return cast("dict[str, Any]", await create_parser("rest-xml").parse(said, shape))

    async def _region_in(self, refusal: ClientError, here: Whereabouts) -> str | None:
        """Another region than that of `here`, where it was asked, if the refusal says that the bucket is there."""
        if not lies_elsewhere(refusal):
            return None
        said, headers = refusal.response["Error"], refusal.response["ResponseMetadata"]["HTTPHeaders"]
        address = await self._address(here)
        named = (
            headers.get("x-amz-bucket-region")
            or said.get("Region")
            or address.region_of(said.get("Endpoint", ""), self._bucket)
        )
        return named if named and named != address.region and is_region(named) else None

    async def _address(self, whereabouts: Whereabouts) -> Address:
        if self._as_set is None:
            # Which host and path stand for a bucket is botocore's to say: there are many rules.
            link = await self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": _ANY_KEY}, ExpiresIn=1
            )
            self._as_set = Address.read(link.partition("?")[0].removesuffix(_ANY_KEY), self._client.meta.region_name)
        address = self._as_set
        if whereabouts.by_host:
            address = address.by_host(self._bucket) or address
        return address.in_region(whereabouts.region) if whereabouts.region else address


def _escaped(key: str) -> str:
    return quote(key, safe="/~")
