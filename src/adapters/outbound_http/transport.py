"""httpx's requests, carried by aiohttp.

httpx's own transport loses pool slots when requests are cancelled (httpcore #1093) and collapses under concurrency.
Adapters call this one directly and not through `httpx.AsyncClient`, which would log every URL, and URLs of images are
secrets: they are signed.
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
"""The one event that is reported to the request extension `trace`, named as in httpx's own transport."""

# What an answer's head may be: CDNs and gateways send far more than the 8 kB and 128 lines that aiohttp stops at.
_HEADER_BYTES: Final = 65_536
_HEADER_LINES: Final = 500

Trace = Callable[[str, dict[str, Any]], Awaitable[None]]


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends a request whose body is in memory as it is, and gives the answer as it comes.

    It follows no redirect, keeps no cookie, adds no header but `Connection`, unpacks nothing. Of the request
    extensions it reads `trace`, and of `timeout` the members `connect` and `read`, in seconds.

    Raises:
        httpx.TransportError: and nothing else, except what the connector's own resolver raises.
    """

    def __init__(self, connector: aiohttp.BaseConnector, proxies: Proxies) -> None:
        """Takes the connector over: it is closed with this transport."""
        self._proxies = proxies
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
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
    """Tells the trace when the first byte of it is about to be handed to the system, and not before."""

    def __init__(self, content: bytes, trace: Trace | None) -> None:
        super().__init__(content)
        self._trace = trace

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        # Writing to a connection that is closing fails before a byte has left.
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
        # A connection goes back to the pool when its answer was read to the end; any other is closed here.
        self._response.close()


def _exactly(url: httpx.URL) -> URL:
    """The same URL for aiohttp, without a second opinion on its escapes: a signature may cover them."""
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
    """Tell one of aiohttp's errors as httpx does. Its text stays behind, since it quotes URLs; the cause is kept."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            raise httpx.ConnectTimeout("no connection in time") from error
        case aiohttp.ClientConnectorError():
            raise httpx.ConnectError(f"no connection: {error.os_error}") from error
        case aiohttp.ClientHttpProxyError():
            raise httpx.ProxyError(f"the proxy answered {error.status}") from error
        case TimeoutError():
            raise httpx.ReadTimeout("nothing came in time") from error
        case aiohttp.ServerDisconnectedError():
            raise httpx.RemoteProtocolError("the connection was closed without an answer") from error
        case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError() | HttpProcessingError():
            raise httpx.RemoteProtocolError("what came is not a whole HTTP answer") from error
        case _:
            raise httpx.ReadError("the connection broke") from error
