import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import uvicorn

from darkroom.entrypoints.serving.http_guard import GuardedHttpProtocol
from unit.entrypoints.stopped_clock import StoppedClock, timed

REQUEST = b"POST / HTTP/1.1\r\nhost: darkroom\r\ncontent-length: 4\r\n\r\n"
DAYS = 1e6


class Endless(GuardedHttpProtocol):
    """Has time limits that no test reaches."""

    HEAD_WITHIN: ClassVar = DAYS
    BODY_WITHIN: ClassVar = DAYS


@dataclass
class Application:
    """Answers with the body of the request, once `may_answer` is set."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    scopes: list[dict[str, Any]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        self.scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            body += message["body"]
            more = message["more_body"]
        await self.may_answer.wait()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(
    protocol: type[GuardedHttpProtocol], application: Application, *, keep_alive: int = 60
) -> AsyncIterator[int]:
    config = uvicorn.Config(
        application, http=protocol, lifespan="off", ws="none", log_config=None, port=0, timeout_keep_alive=keep_alive
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        application.may_answer.set()
        await server.shutdown()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Talk]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def whole_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    """The status and the problem of the last answer on a connection, which the server then closes."""
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    problem = json.loads(body)
    assert f"x-request-id: {problem['request_id']}".encode() in head
    return int(head.split()[1]), problem


async def next_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.splitlines() if line.startswith(b"content-length"))
    return head, await reader.readexactly(length)


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET / HT", b"GET / HTTP/1.1\r\nhost: darkroom\r\n"])
async def test_headers_that_do_not_come_in_time_are_answered_408(sent: bytes) -> None:
    clock = StoppedClock()
    async with serving(timed(clock), Application()) as port, connected(port) as (reader, writer):
        writer.write(sent)
        await clock.until_read(len(sent))
        clock.move(GuardedHttpProtocol.HEAD_WITHIN)
        status, problem = await whole_answer(reader)
    assert (status, problem["title"], problem["charged"]) == (408, "Request Timeout", "no")
    assert problem["detail"] == "the headers did not come in time"


async def test_headers_that_come_byte_by_byte_get_no_more_time() -> None:
    clock, drops = StoppedClock(), [b"GET /", *([b"x"] * 9)]
    async with serving(timed(clock), Application()) as port, connected(port) as (reader, writer):
        for number, drop in enumerate(drops, start=1):
            writer.write(drop)
            await clock.until_read(sum(map(len, drops[:number])))
            clock.move(GuardedHttpProtocol.HEAD_WITHIN / len(drops))
        status, _ = await whole_answer(reader)
    assert status == 408


async def test_a_request_that_comes_in_time_is_read() -> None:
    clock, application = StoppedClock(), Application()
    application.may_answer.set()
    async with serving(timed(clock), application) as port, connected(port) as (reader, writer):
        writer.write(REQUEST[:20])
        await clock.until_read(20)
        clock.move(GuardedHttpProtocol.HEAD_WITHIN - 0.001)
        writer.write(REQUEST[20:])
        await clock.until_read(len(REQUEST))
        clock.move(GuardedHttpProtocol.BODY_WITHIN - 0.001)
        writer.write(b"body")
        assert (await next_answer(reader))[1] == b"body"


@pytest.mark.parametrize("sent", [b"", b"bod"])
async def test_a_body_that_does_not_come_in_time_is_answered_408(sent: bytes) -> None:
    clock, application = StoppedClock(), Application()
    async with serving(timed(clock), application) as port, connected(port) as (reader, writer):
        writer.write(REQUEST + sent)
        await clock.until_read(len(REQUEST + sent))
        clock.move(GuardedHttpProtocol.BODY_WITHIN)
        status, problem = await whole_answer(reader)
        await application.left.wait()
    assert (status, problem["detail"]) == (408, "the body did not come in time")


async def test_blank_lines_after_an_answer_do_not_extend_the_time() -> None:
    clock, application = StoppedClock(), Application()
    application.may_answer.set()
    async with serving(timed(clock), application) as port, connected(port) as (reader, writer):
        writer.write(REQUEST + b"body")
        assert (await next_answer(reader))[1] == b"body"
        writer.write(b"\r\n")
        await clock.until_read(len(REQUEST + b"body\r\n"))
        clock.move(GuardedHttpProtocol.HEAD_WITHIN)
        status, problem = await whole_answer(reader)
    assert (status, problem["detail"]) == (408, "the headers did not come in time")


async def test_the_time_of_a_long_answer_does_not_count_against_the_client() -> None:
    clock, application = StoppedClock(), Application()
    async with serving(timed(clock), application) as port, connected(port) as (reader, writer):
        writer.write(REQUEST + b"body")
        await clock.until_read(len(REQUEST + b"body"))
        clock.move(DAYS)
        application.may_answer.set()
        assert (await next_answer(reader))[1] == b"body"


async def test_the_time_that_a_request_waits_behind_another_does_not_count_against_the_client() -> None:
    clock, application = StoppedClock(), Application()
    async with serving(timed(clock), application) as port, connected(port) as (reader, writer):
        writer.write(REQUEST + b"one." + REQUEST)
        await clock.until_read(len(REQUEST + b"one." + REQUEST))
        clock.move(3 * GuardedHttpProtocol.BODY_WITHIN)  # the server has stopped reading
        writer.write(b"two.")
        application.may_answer.set()
        assert (await next_answer(reader))[1] == b"one."
        assert (await next_answer(reader))[1] == b"two."


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\na: " + b"b" * 40_000,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
    ],
    ids=["path", "header without end", "many headers"],
)
async def test_headers_that_are_too_large_are_refused(head: bytes) -> None:
    application = Application()
    async with serving(Endless, application) as port, connected(port) as (reader, writer):
        writer.write(head)
        status, problem = await whole_answer(reader)
    assert (status, problem["title"]) == (431, "Request Header Fields Too Large")
    assert application.scopes == []


async def test_the_size_of_headers_is_counted_per_request() -> None:
    application = Application()
    application.may_answer.set()
    body = b"x" * 60_000
    request = b"POST / HTTP/1.1\r\nhost: darkroom\r\ncontent-length: 60000\r\na: %s\r\n\r\n" % (b"b" * 30_000)
    async with serving(Endless, application) as port, connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(request + body + REQUEST[:20])
            assert (await next_answer(reader))[1] == body
            writer.write(REQUEST[20:] + b"body")
            assert (await next_answer(reader))[1] == b"body"


async def test_pipelined_requests_are_limited() -> None:
    async with serving(Endless, Application()) as port, connected(port) as (reader, writer):
        writer.write((REQUEST + b"body") * 100)
        assert await reader.read() == b""


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00", b"HELLO\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"])
async def test_data_that_is_not_http_is_answered_400(garbage: bytes) -> None:
    async with serving(Endless, Application()) as port, connected(port) as (reader, writer):
        writer.write(garbage)
        status, problem = await whole_answer(reader)
    assert (status, problem["detail"]) == (400, "this is not an HTTP request")


async def test_trailers_are_not_added_to_the_headers() -> None:
    application = Application()
    application.may_answer.set()
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    body = b"4\r\nbody\r\n0\r\nauthorization: Bearer x\r\n\r\n"
    async with serving(Endless, application) as port, connected(port) as (reader, writer):
        writer.write(head + body)
        assert (await next_answer(reader))[1] == b"body"
    assert application.scopes[0]["headers"] == [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
