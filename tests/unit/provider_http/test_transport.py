from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.adapters.outbound_http.proxies import Proxies
from darkroom.adapters.outbound_http.transport import BODY_BEGINS, AiohttpTransport
from unit.provider_http.wire import OK, wire


@asynccontextmanager
async def transport(
    *, force_close: bool = False, limit: int = 100, resolver: aiohttp.abc.AbstractResolver | None = None
) -> AsyncIterator[AiohttpTransport]:
    connector = aiohttp.TCPConnector(force_close=force_close, limit=limit, resolver=resolver)
    async with AiohttpTransport(connector, Proxies()) as opened:
        yield opened


async def answered(opened: AiohttpTransport, request: httpx.Request) -> httpx.Response:
    response = await opened.handle_async_request(request)
    try:
        await response.aread()
    finally:
        await response.aclose()
    return response


class Tracing:
    def __init__(self) -> None:
        self.events: list[str] = []

    async def __call__(self, event: str, _: dict[str, Any]) -> None:
        self.events.append(event)


async def test_a_request_is_sent_unchanged_and_nothing_is_added() -> None:
    async with wire(OK) as provider, transport(force_close=True) as opened:
        headers = {"X-Key": "k", "Accept-Encoding": "identity"}
        url = f"{provider.origin}/a%2Fb/%41'|?signature=a%2Bb%2F%3D&x=%41+;,&empty="
        response = await answered(opened, httpx.Request("POST", url, headers=headers, content=b"body"))

    assert (response.status_code, response.content) == (200, b"hi")
    target = b"/a%2Fb/%41'|?signature=a%2Bb%2F%3D&x=%41+;,&empty="
    host = f"127.0.0.1:{provider.port}".encode()
    assert provider.heard == [
        b"POST " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Key: k\r\nAccept-Encoding: identity\r\n"
        b"Content-Length: 4\r\nConnection: close\r\n\r\nbody"
    ]


async def test_an_answer_is_returned_unchanged() -> None:
    head = b"HTTP/1.1 404 Nothing\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\nContent-Length: 6\r\n\r\n"
    async with wire(head + b"\x1f\x8b1234", OK) as provider, transport() as opened:
        response = await opened.handle_async_request(httpx.Request("GET", provider.origin))
        assert isinstance(response.stream, httpx.AsyncByteStream)
        raw = b"".join([piece async for piece in response.stream])
        await answered(opened, httpx.Request("GET", provider.origin))

    assert (response.status_code, raw) == (404, b"\x1f\x8b1234")
    assert b"ookie" not in provider.heard[1]


async def test_a_redirect_is_not_followed() -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with wire(head) as provider, transport() as opened:
        response = await answered(opened, httpx.Request("GET", provider.origin))

    assert response.status_code == 302
    assert len(provider.heard) == 1


async def test_body_begins_is_traced_once_there_is_a_connection() -> None:
    trace = Tracing()
    async with wire(OK) as provider, transport() as opened:
        request = httpx.Request("POST", provider.origin, content=b"body", extensions={"trace": trace})
        await answered(opened, request)

    assert trace.events == [BODY_BEGINS]


async def test_body_begins_is_not_traced_if_the_connection_is_refused() -> None:
    trace = Tracing()
    async with wire(OK) as provider:
        origin = provider.origin
    async with transport() as opened:
        request = httpx.Request("POST", origin, content=b"body", extensions={"trace": trace})
        with pytest.raises(httpx.ConnectError, match="no connection"):
            await opened.handle_async_request(request)

    assert trace.events == []


async def test_body_begins_is_not_traced_if_the_name_is_unknown() -> None:
    class Nowhere(aiohttp.abc.AbstractResolver):
        async def resolve(self, *_: object, **__: object) -> list[aiohttp.abc.ResolveResult]:
            raise OSError("no such name")

        async def close(self) -> None: ...

    trace = Tracing()
    async with transport(resolver=Nowhere()) as opened:
        request = httpx.Request("POST", "http://nowhere.example", content=b"body", extensions={"trace": trace})
        with pytest.raises(httpx.ConnectError):
            await opened.handle_async_request(request)

    assert trace.events == []


async def test_an_unanswered_handshake_times_out_before_the_body_begins() -> None:
    trace = Tracing()
    async with wire(b"") as provider, transport() as opened:
        extensions = {"timeout": {"connect": 0.05}, "trace": trace}
        request = httpx.Request("POST", f"https://127.0.0.1:{provider.port}", content=b"body", extensions=extensions)
        with pytest.raises(httpx.ConnectTimeout):
            await opened.handle_async_request(request)

    assert trace.events == []


async def test_a_silent_server_times_out() -> None:
    async with wire(b"") as provider, transport() as opened:
        request = httpx.Request("GET", provider.origin, extensions={"timeout": {"read": 0.05}})
        with pytest.raises(httpx.ReadTimeout):
            await opened.handle_async_request(request)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"SSH-2.0-OpenSSH\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhi", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 10_000 + b"\r\n", httpx.RemoteProtocolError),
    ],
)
async def test_an_incomplete_or_invalid_answer_is_a_protocol_error(
    answer: bytes, error: type[httpx.TransportError]
) -> None:
    async with wire(answer, hang_up=True) as provider, transport() as opened:
        with pytest.raises(error):
            await answered(opened, httpx.Request("POST", provider.origin, content=b"body"))


@settings(max_examples=60)
@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"]),
)
async def test_any_bytes_lead_to_an_answer_or_an_httpx_error(garbage: bytes, before: bytes) -> None:
    async with wire(before + garbage, hang_up=True) as provider, transport() as opened:
        try:
            await answered(opened, httpx.Request("POST", provider.origin, content=b"body"))
        except httpx.TransportError:
            return


async def test_errors_do_not_quote_the_url() -> None:
    async with wire(b"nonsense\r\n\r\n", hang_up=True) as provider, transport() as opened:
        with pytest.raises(httpx.TransportError) as raised:
            await opened.handle_async_request(httpx.Request("GET", f"{provider.origin}/?signature=secret"))

    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize("force_close", [True, False])
async def test_connections_are_kept_open_unless_force_close_is_set(*, force_close: bool) -> None:
    async with wire(OK) as provider, transport(force_close=force_close) as opened:
        for _ in range(3):
            await answered(opened, httpx.Request("POST", provider.origin, content=b"body"))

    assert provider.connections == (3 if force_close else 1)


async def test_a_connection_with_an_unread_answer_is_not_reused() -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000
    async with wire(long, OK) as provider, transport() as opened:
        response = await opened.handle_async_request(httpx.Request("GET", provider.origin))
        await response.aclose()
        assert (await answered(opened, httpx.Request("GET", provider.origin))).content == b"hi"

    assert provider.connections == 2


async def test_cancelled_requests_return_their_place_to_the_pool() -> None:
    async with wire(b"") as provider, transport(limit=2) as opened:
        for number in range(1, 101):
            work = asyncio.create_task(opened.handle_async_request(httpx.Request("GET", provider.origin)))
            async with asyncio.timeout(30):
                while len(provider.heard) < number:  # noqa: ASYNC110  # nothing sets an event
                    await asyncio.sleep(0)
            work.cancel()
            await asyncio.wait([work])
            assert work.cancelled()
        provider.answers = [OK]

        both = await asyncio.gather(*(answered(opened, httpx.Request("GET", provider.origin)) for _ in range(2)))
        assert [response.content for response in both] == [b"hi", b"hi"]
