"""Limits on open connections, and on the time in which a client must take its answer."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, ClassVar, cast

import pytest

from darkroom.entrypoints.serving.http_guard import GuardedHttpProtocol
from darkroom.entrypoints.serving.open_connections import OpenConnections
from harness.waiting import until
from unit.entrypoints.stopped_clock import StoppedClock, timed
from unit.entrypoints.test_http_guard import (
    REQUEST,
    Application,
    Endless,
    connected,
    next_answer,
    serving,
    whole_answer,
)

LARGE = b"x" * 20_000_000
"""More than all buffers between the two ends of a connection can hold."""


class Watched(OpenConnections):
    """Sets `gone` when a connection is closed."""

    def __init__(self, *, most: int | None = None, most_of_one: int | None = None) -> None:
        super().__init__(most=most, most_of_one=most_of_one)
        self.gone = asyncio.Event()

    def release(self, address: str) -> None:
        super().release(address)
        self.gone.set()


class Quick(Endless):
    """Gives a client very little time to take its answer."""

    TAKEN_WITHIN: ClassVar = 0.1


def guarded(connections: OpenConnections, protocol: type[GuardedHttpProtocol] = Endless) -> type[GuardedHttpProtocol]:
    return cast("type[GuardedHttpProtocol]", partial(protocol, connections=connections))


@pytest.mark.parametrize("limit", ["most", "most_of_one"])
async def test_a_connection_above_the_limit_is_refused_while_the_others_are_in_use(limit: str) -> None:
    application = Application()
    connections = Watched(**{limit: 2})
    async with (
        serving(guarded(connections), application) as port,
        connected(port) as (reader, writer),
        connected(port) as (second, also),
    ):
        for asking in (writer, also):
            asking.write(REQUEST + b"body")
        await until(lambda: len(application.scopes) == 2)
        async with connected(port) as (third, _):
            status, problem = await whole_answer(third)
        application.may_answer.set()
        assert [(await next_answer(one))[1] for one in (reader, second)] == [b"body", b"body"]
    assert (status, problem["detail"], problem["charged"]) == (503, "there are too many connections", "no")


@pytest.mark.parametrize("limit", ["most", "most_of_one"])
async def test_the_connection_that_is_idle_for_longest_is_closed_for_a_new_one(limit: str) -> None:
    application = Application()
    application.may_answer.set()
    connections = Watched(**{limit: 2})
    async with serving(guarded(connections), application) as port, connected(port) as (reader, writer):
        writer.write(REQUEST + b"body")
        await next_answer(reader)
        async with connected(port) as (second, also):
            also.write(REQUEST + b"body")
            await next_answer(second)
            writer.write(REQUEST + b"body")  # now the other connection has been idle for longest
            await next_answer(reader)
            async with connected(port) as (third, again):
                again.write(REQUEST + b"body")
                assert (await next_answer(third))[1] == b"body"
                status, problem = await whole_answer(second)
                writer.write(REQUEST + b"body")
                assert (await next_answer(reader))[1] == b"body"
    assert (status, problem["detail"], problem["charged"]) == (503, "there are too many connections", "no")


def test_each_address_has_its_own_limit() -> None:
    connections = OpenConnections(most=3, most_of_one=1)
    assert connections.admit("a")
    assert connections.admit("b")
    assert not connections.admit("a")
    connections.release("a")
    assert connections.admit("a")
    assert connections.admit("c")
    assert not connections.admit("d")


@pytest.mark.parametrize("head", ["", "connection: close\r\n"])
async def test_a_client_that_does_not_take_its_answer_is_disconnected(head: str) -> None:
    application: Any = Application()
    connections = Watched()
    request = f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {len(LARGE)}\r\n{head}\r\n".encode()
    async with serving(guarded(connections, Quick), application) as port, connected(port) as (reader, writer):
        writer.write(request + LARGE)
        await writer.drain()
        application.may_answer.set()
        async with asyncio.timeout(10):
            await connections.gone.wait()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(len(LARGE))


async def test_a_client_that_has_taken_its_answer_keeps_its_connection() -> None:
    clock, application = StoppedClock(), Application()
    application.may_answer.set()
    request = REQUEST.replace(b"content-length: 4", b"content-length: %d" % len(LARGE)) + LARGE
    async with serving(timed(clock), application, keep_alive=3600) as port, connected(port) as (reader, writer):
        writer.write(request)
        assert (await next_answer(reader))[1] == LARGE
        clock.move(1.5 * GuardedHttpProtocol.TAKEN_WITHIN)  # longer than the client was given
        writer.write(REQUEST + b"body")
        assert (await next_answer(reader))[1] == b"body"
