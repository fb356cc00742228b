"""A transport for httpx requests that uses aiohttp.

httpx's own transport loses pool slots when requests are cancelled (httpcore #1093) and collapses under concurrency.
Adapters call this one directly, not through `httpx.AsyncClient`, which logs every URL: image URLs are signed, and so
are secrets.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NoReturn

import aiohttp
import httpx
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError
from yarl import URL

from darkroom.adapters.outbound_http.proxies import Proxies

BODY_BEGINS: Final = "http11.send_request_body.started"
"""The only event that is reported to the request extension `trace`; the name is that of httpx's own transport."""

# Limits on a response's headers: CDNs and gateways send far more than aiohttp's default of 8 kB and 128 lines.
_HEADER_BYTES: Final = 65_536
_HEADER_LINES: Final = 500
# Bytes; aiohttp stops reading when twice as many wait. Its default of 256 KiB costs each download 0.4 MB more.
_UNREAD: Final = 65_536

Trace = Callable[[str, dict[str, Any]], Awaitable[None]]


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends a request unchanged, with its body in memory, and returns the response with its body unread and encoded.

    It follows no redirects, keeps no cookies, adds no header but `Connection` and does not decompress. The request
    extensions that it reads are `trace` and, in seconds, `connect` and `read` of `timeout`.

    Raises:
        httpx.TransportError: the request failed. Only the connector's resolver may raise anything else.
    """

    def __init__(self, connector: aiohttp.BaseConnector, proxies: Proxies) -> None:
        """Take ownership of `connector`: closing the transport closes it.

        It MUST keep no connection for longer than `longest_idle` of the read timeouts of requests.
        """
        self._proxies = proxies
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_UNREAD,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            max_headers=_HEADER_LINES,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        timeout = request.extensions.get("timeout", {})
        try:
            response = await self._session.request(
                request.method,
                _exactly(request.url),
                headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw],
                data=_Body(request.content, request.extensions.get("trace")) if request.content else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=timeout.get("connect"), sock_read=timeout.get("read")),
                proxy=self._proxies.proxy_for(request.url),
            )
        except _AIOHTTP_ERRORS as error:
            _raise_in_httpx_words(error)
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=_AnswerStream(response), request=request
        )

    async def aclose(self) -> None:
        await self._session.close()


class _Body(aiohttp.BytesPayload):
    """A request body that reports `BODY_BEGINS` immediately before its first byte is written to the connection."""

    def __init__(self, content: bytes, trace: Trace | None) -> None:
        super().__init__(content)
        self._trace = trace

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        # Writing to a closing connection fails before a byte is sent.
        if self._trace and writer.transport and not writer.transport.is_closing():
            await self._trace(BODY_BEGINS, {})
        await super().write_with_length(writer, content_length)


class _AnswerStream(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._response.content.readany()
        except _AIOHTTP_ERRORS as error:
            _raise_in_httpx_words(error)
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        # A connection whose response was read to the end is already back in the pool; any other is closed here.
        self._response.close()


def _exactly(url: httpx.URL) -> URL:
    """Return the same URL for aiohttp, with its escapes untouched: a signature may cover them."""
    return URL.build(
        scheme=url.scheme,
        host=url.raw_host.decode("ascii"),
        port=url.port,
        path=url.raw_path.partition(b"?")[0].decode("ascii"),
        query_string=url.query.decode("ascii"),
        encoded=True,
    )


_AIOHTTP_ERRORS: Final = (aiohttp.ClientError, HttpProcessingError, OSError)


def _raise_in_httpx_words(error: Exception) -> NoReturn:
    """Raise httpx's equivalent of an aiohttp error, without its text, which quotes URLs; the cause is kept."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            raise httpx.ConnectTimeout("no connection was made in time") from error
        case aiohttp.ClientConnectorError():
            raise httpx.ConnectError(f"no connection: {error.os_error}") from error
        case aiohttp.ClientHttpProxyError():
            raise httpx.ProxyError(f"the proxy answered {error.status}") from error
        case TimeoutError():
            raise httpx.ReadTimeout("nothing was received in time") from error
        case aiohttp.ServerDisconnectedError():
            raise httpx.RemoteProtocolError("the connection was closed without an answer") from error
        case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError() | HttpProcessingError():
            raise httpx.RemoteProtocolError("the answer is not complete HTTP") from error
        case _:
            raise httpx.ReadError("the connection broke") from error
