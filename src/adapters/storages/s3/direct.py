"""Access to a bucket that bypasses botocore's client.

Credentials, connections and the address of the bucket come from botocore. What its client does in addition for each
call (events, endpoint rules, parameter validation, user agent) takes more CPU time than the upload
(`docs/performance.md`).
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
_ERROR: Final = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]")  # the beginning of an error document
_NO_BODY: Final = sha256(b"").hexdigest()


class Whereabouts(NamedTuple):
    """Where the bucket is according to the server, if that differs from the settings.

    `region` is None if it does not differ; `by_host`: the bucket's name belongs in the host.
    """

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
    """The objects in a bucket, and links to them, by the same requests that `client` would send.

    The only redirect that is followed is S3's own to the bucket's region at the same provider: once, with a new
    signature.

    Every method but `link` may raise `ClientError`: S3 refused the request. Every method may raise `BotoCoreError` (S3
    cannot be reached, or there are no credentials), and `ValueError` or `LookupError` for a response that no S3 server
    sends.
    """

    PAGE: ClassVar = 1000
    """The most keys in a page, which is the maximum of S3."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket
        # botocore has no public access to these two.
        self._credentials = cast("Any", client)._request_signer._credentials  # noqa: SLF001
        self._connections = cast("Any", client)._endpoint.http_session  # noqa: SLF001
        self._as_set: Address | None = None
        self.whereabouts = AS_SET

    async def put(self, key: str, image: bytes, headers: Mapping[str, str], sha256: str) -> str | None:
        """Upload an object with these headers, and return its ETag; None if the response has none.

        `sha256` is the hash of the bytes in hexadecimal: it is part of the signature, and S3 refuses other bytes.
        """
        answer = await self._answer(_Request("PutObject", "PUT", key, headers=headers, body=image, sha256=sha256))
        return cast("str | None", answer.headers.get("etag"))

    async def has(self, key: str) -> bool:
        """Return whether an object exists. S3 answers 403 for a missing one if the bucket may not be listed."""
        try:
            await self._answer(_Request("HeadObject", "HEAD", key))
        except ClientError as error:
            if status_of(error) in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
                return False
            raise
        return True

    async def holds(self, key: str, length: int, sha256: str) -> bool:
        """Return whether an object has that length and SHA-256; it is read, since not all servers keep checksums."""
        data = await self.get(key, length)
        return data is not None and hashlib.sha256(data).hexdigest() == sha256

    async def get(self, key: str, length: int) -> bytes | None:
        """Return the bytes of an object; None, without reading it, if its length is not `length`."""
        answer = await self._answer(_Request("GetObject", "GET", key, stream=True))
        if answer.headers.get("content-length", str(length)) != str(length):
            answer.raw.close()
            return None
        return cast("bytes", await answer.content)

    async def delete(self, key: str) -> None:
        """Remove an object; removing a missing one succeeds."""
        try:
            await self._answer(_Request("DeleteObject", "DELETE", key))
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchKey":  # S3 itself does not answer that to a deletion
                raise

    async def page(self, prefix: str, after: str) -> tuple[list[str], str | None]:
        """Return up to `PAGE` keys that begin with `prefix`, and the `after` for the next page; None on the last page.

        `after` is empty for the first page. Uses version 1 of ListObjects, since not all servers have version 2.
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
        """Return a presigned URL that opens an object for `ttl` seconds from `moment` on.

        `whereabouts` is that of the bucket; `disposition` is the `Content-Disposition` of the response, if given.
        """
        address, name = await self._address(whereabouts), _escaped(key)
        signer = await self._signer(address, moment)
        return f"{address.url}{name}?{signer.query(address.host, address.path + name, ttl, disposition)}"

    async def by_host(self) -> bool:
        """Put the bucket's name into the host from now on, as some servers require; False if that is impossible."""
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
                log.warning("the bucket %s is in the region %s: set DARKROOM_S3_REGION to it", self._bucket, region)
        if refusal:
            raise refusal
        return answer

    async def _sent(self, request: _Request, there: Whereabouts) -> tuple[Any, ClientError | None]:
        """Return the response, and an error if it is a refusal, after at most one retry of each kind.

        Each of these requests may be repeated. Longer retries are the domain's task.
        """
        try:
            answer = await self._sent_once(request, there)
        except (ConnectionError, HTTPClientError):  # perhaps a pooled connection that died meanwhile
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
            status = HTTPStatus.INTERNAL_SERVER_ERROR  # S3 failed after it had sent 200; botocore does the same
        said = await self._read(answer, None, status)
        said["Error"] = {name: text or "" for name, text in said["Error"].items()}  # Ceph has no message for some
        return ClientError(said, request.operation)

    async def _sent_once(self, request: _Request, there: Whereabouts) -> Any:  # noqa: ANN401  # not typed
        address, name = await self._address(there), _escaped(request.key)
        signer = await self._signer(address, datetime.now(UTC))
        # Not signed, since a proxy may change these headers.
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
        """Return the parsed response of an operation; of an error if None, which has one form for all operations."""
        said = {"status_code": int(status), "headers": answer.headers, "body": await answer.content}
        model = cast("Any", self._client).meta.service_model
        shape = model.operation_model(operation).output_shape if operation else None
        return cast("dict[str, Any]", await create_parser("rest-xml").parse(said, shape))

    async def _region_in(self, refusal: ClientError, here: Whereabouts) -> str | None:
        """Return the region that a refusal names for the bucket, if it differs from that of `here`; otherwise None."""
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
            # botocore has the many rules for the host and path of a bucket.
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
