"""A request to upgrade to another protocol is answered as if it had not asked (RFC 9110, 7.8), and loses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from unit.entrypoints.stopped_clock import StoppedClock, timed
from unit.entrypoints.test_http_guard import Application, Endless, connected, next_answer, serving, whole_answer

# The headers that each client adds to its request.
UPGRADES = {
    "curl --http2": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIA\r\n",
    "the JDK": b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n",
    "Apache HttpClient 5.4": b"Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n",
    "a websocket snippet of nginx": b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    "several at once": b"upgrade: a, b/2\r\nUPGRADE: c\r\nconnection: keep-alive\r\nConnection: UPGRADE\r\n",
    "an empty one": b"Connection: Upgrade\r\nUpgrade:\r\n",
}
POST = b"POST /api HTTP/1.1\r\nHost: darkroom\r\n"
BODIES = {
    "length": (b"Content-Length: 4\r\n\r\nbody", b"body"),
    "chunks": (b"Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\nUpgrade: h2c\r\n\r\n", b"body"),
    "none": (b"\r\n", b""),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("upgrade", UPGRADES)
async def test_a_request_with_an_upgrade_and_the_next_one_are_answered_as_without_it(upgrade: str, body: str) -> None:
    rest, whole = BODIES[body]
    application = Application()
    application.may_answer.set()
    async with serving(Endless, application) as port, connected(port) as (reader, writer):
        for _ in range(2):
            writer.write(POST + UPGRADES[upgrade] + rest)
            head, answered = await next_answer(reader)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert answered == whole
        writer.write(POST + rest)
        assert (await next_answer(reader))[1] == whole
    upgraded, _, plain = application.scopes
    assert all(name != b"upgrade" or not protocols for name, protocols in upgraded["headers"])
    assert [upgraded[key] for key in ("method", "path", "http_version")] == ["POST", "/api", "1.1"]
    assert [one for one in plain["headers"] if one not in upgraded["headers"]] == []


async def test_pipelined_requests_may_be_split_anywhere() -> None:
    wire = b"".join(
        POST + UPGRADES[upgrade] + BODIES[body][0] for upgrade in ("curl --http2", "the JDK") for body in BODIES
    )
    expected = [whole for _, whole in BODIES.values()] * 2
    application = Application()
    application.may_answer.set()
    clock, read = StoppedClock(), 0
    async with serving(timed(clock), application) as port:
        for split in range(1, len(wire), 3):
            async with connected(port) as (reader, writer):
                for piece in (wire[:split], wire[split:]):
                    writer.write(piece)
                    read += len(piece)
                    await clock.until_read(read)
                assert [(await next_answer(reader))[1] for _ in expected] == expected, split


async def test_a_request_may_come_byte_by_byte() -> None:
    application = Application()
    application.may_answer.set()
    clock = StoppedClock()
    async with serving(timed(clock), application) as port, connected(port) as (reader, writer):
        for count, byte in enumerate(POST + UPGRADES["the JDK"] + BODIES["chunks"][0], start=1):
            writer.write(bytes([byte]))
            await clock.until_read(count)
        assert (await next_answer(reader))[1] == b"body"


async def test_a_client_that_expects_100_continue_gets_it() -> None:
    application = Application()
    application.may_answer.set()
    async with serving(Endless, application) as port, connected(port) as (reader, writer):
        writer.write(POST + UPGRADES["the JDK"] + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(b"body")
        assert (await next_answer(reader))[1] == b"body"


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody", 400),
        (b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"Host: again\r\n\r\n", 400),
        (b"X-Odd: a\r\n b\r\n\r\n", 400),
        (b"X-Large: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400),
    ],
)
async def test_a_malformed_request_is_refused_with_and_without_an_upgrade(wire: bytes, status: int) -> None:
    async with serving(Endless, Application()) as port:
        for upgrade in (b"", UPGRADES["the JDK"]):
            async with connected(port) as (reader, writer):
                writer.write(POST + upgrade + wire)
                answered, _ = await whole_answer(reader)
                assert answered == status


@pytest.mark.parametrize("upgrade", [b"", UPGRADES["the JDK"]])
@pytest.mark.parametrize("target", [b"darkroom:443", b"/", b"http://darkroom/", b"*"])
async def test_a_tunnel_is_refused(target: bytes, upgrade: bytes) -> None:
    async with serving(Endless, Application()) as port, connected(port) as (reader, writer):
        writer.write(b"CONNECT " + target + b" HTTP/1.1\r\nHost: darkroom\r\n" + upgrade + b"\r\n")
        status, problem = await whole_answer(reader)
    assert (status, problem["charged"]) == (400, "no")


async def test_pipelined_upgrades_are_limited() -> None:
    application: Any = Application()
    async with serving(Endless, application) as port, connected(port) as (reader, writer):
        writer.write((POST + UPGRADES["the JDK"] + b"\r\n") * 1000)
        assert await reader.read() == b""
    assert len(application.scopes) == 1
